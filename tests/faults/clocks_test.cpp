// Clocks that jump and processes that stand still: leases are not lost as a block, nothing doubles, times stay sane.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"
#include "tests/faults/wall_clock.h"

namespace lectern {
namespace {

using std::chrono::seconds;

TEST(Clocks, ABrokerThatStoodStillTakesNoLeasesFromWorkersThatAreThere) {
  const Variable sleeps("LECTERN_AGENT_SLEEPS", "1");
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  Peer client(lectern.paths().client_socket());
  ASSERT_TRUE(client.ask<protocol::Submitted>(submit_of("aa-one", lectern.work() / "a.flac"), {sentences(4, "one")}));
  PlayedWorker worker(lectern.paths(), "worker-one", 4);
  std::vector<protocol::Work> held;
  while (held.size() < 4) {
    const auto work = worker.work();
    ASSERT_TRUE(work);
    held.push_back(*work);
  }
  const pid_t broker = lectern.broker();
  for (int round = 0; round < 3; ++round) {
    kill(broker, SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(5500));
    kill(broker, SIGCONT);
    worker.beat(4);
    EXPECT_TRUE(client.ask<protocol::Welcome>(protocol::Hello{}));
  }
  const auto jobs = client.ask<protocol::Jobs>(protocol::Status{all_jobs()});
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->workers.size(), 1u);
  EXPECT_EQ(jobs->workers[0].leases, 4u) << "leases were lost as a block";
  EXPECT_EQ(jobs->segments_waiting, 0u);
  for (const auto& work : held) worker.speak(work);
  EXPECT_TRUE(Installation::until([&] {
    const auto now = client.ask<protocol::Jobs>(protocol::Status{all_jobs()});
    return now && now->unfinished == 0;
  }));
  EXPECT_EQ(lectern.broken(), "");
}

TEST(Clocks, BrokerAndAgentThatAreStoppedForAWhileGoOnWhereTheyWere) {
  Installation lectern(20);
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(30, "one"))}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.engine() != 0; }));
  const pid_t processes[] = {lectern.broker(), lectern.agent(), lectern.engine()};
  for (const pid_t process : processes) kill(process, SIGSTOP);
  std::this_thread::sleep_for(seconds(8));
  for (const pid_t process : processes) kill(process, SIGCONT);
  EXPECT_EQ(lectern.run({"wait", "--timeout", "60"}).exit, 0);
  EXPECT_EQ(lectern.engine(), processes[2]) << "the engine was ended for nothing";
  const auto now = lectern.status();
  EXPECT_EQ(now["workers"][0]["segments_done"], now["jobs"][0]["segments"]) << "segments were spoken twice";
  EXPECT_EQ(lectern.audio().size(), 1u);
  EXPECT_EQ(lectern.broken(), "");
}

TEST(Clocks, AWallClockThatJumpsByYearsHoldsNothingUp) {
  Installation lectern(60);
  const WallClock clock(lectern.folder() / "clock");
  if (!clock.there()) GTEST_SKIP() << "libfaketime is not installed (package faketime)";
  const auto script = lectern.script("a.txt", sentences(40, "one"));
  const auto second = lectern.script("b.txt", sentences(10, "two"));
  {
    const auto variables = clock.in_force();
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
  }
  EXPECT_EQ(lectern.run({"submit", script}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["jobs"][0]["segments_done"].get<int>() > 0; }));
  const auto started = lectern.status()["jobs"][0]["submitted_ms"].get<std::int64_t>();
  clock.set("+365d");
  std::this_thread::sleep_for(seconds(1));
  clock.set("-400d");
  EXPECT_EQ(lectern.run({"submit", second}).exit, 0);
  EXPECT_LT(lectern.status()["jobs"][1]["submitted_ms"].get<std::int64_t>(), started) << "the clock did not jump";
  std::this_thread::sleep_for(seconds(1));
  EXPECT_EQ(lectern.run({"wait", "--timeout", "60"}).exit, 0);
  const auto now = lectern.status();
  for (const auto& job : now["jobs"]) {
    EXPECT_EQ(job["state"], "done");
    EXPECT_GT(job["finished_ms"].get<std::int64_t>(), 0);
    EXPECT_GE(job["speed"].get<double>(), 0) << job.dump(1);
    EXPECT_GE(job["remaining_s"].get<double>(), -1) << job.dump(1);
  }
  const auto spoken = now["workers"][0]["segments_done"].get<int>();
  EXPECT_EQ(spoken, now["jobs"][0]["segments"].get<int>() + now["jobs"][1]["segments"].get<int>())
      << "leases were lost by the jump";
  EXPECT_EQ(lectern.audio().size(), 2u);
  EXPECT_EQ(lectern.broken(), "");
}

}  // namespace
}  // namespace lectern
