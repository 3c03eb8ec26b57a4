// 100,000 segments wait: submits are quick, status answers, restarts are quick, memory stays small, and it drains.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

long resident_kb(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stol(line.substr(6));
  return 0;
}

// Short paragraphs, so that each becomes a segment.
std::string paragraphs(int count, const std::string& about) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "This is paragraph " + std::to_string(i) + " about " + about + ".\n\n";
  return text;
}

TEST(LargeQueue, OfAHundredThousandSegmentsAnswersRestartsAndDrains) {
  const Variable sleeps("LECTERN_AGENT_SLEEPS", "1");
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  const long idle_kb = resident_kb(lectern.broker());
  std::optional<Peer> client(std::in_place, lectern.paths().client_socket());
  constexpr int kJobs = 1000, kEach = 50, kHuge = 50000;
  auto begin = Clock::now();
  const auto huge = client->ask<protocol::Submitted>(submit_of("zz-huge", lectern.work() / "huge.flac"),
                                                     {paragraphs(kHuge, "a long walk")}, 30);
  ASSERT_TRUE(huge) << client->refusal;
  for (int job = 0; job < kJobs; ++job)
    client->say(submit_of("aa-" + std::to_string(job), lectern.work() / (std::to_string(job) + ".flac")), 1000 + job,
                {paragraphs(kEach, "number " + std::to_string(job))});
  for (int job = 0; job < kJobs; ++job) ASSERT_TRUE(client->await<protocol::Submitted>(1000 + job, 60)) << job;
  std::printf("1001 submits in %.2f s\n", since(begin));
  double slowest = 0;
  auto waiting = [&] {
    protocol::Selection one;
    one.jobs = {"job-aa-1"};
    const auto asked = Clock::now();
    const auto now = client->ask<protocol::Jobs>(protocol::Status{one}, {}, 30);
    slowest = std::max(slowest, since(asked));
    EXPECT_TRUE(now) << client->refusal;
    return now ? now->segments_waiting : 0;
  };
  EXPECT_TRUE(Installation::until([&] { return waiting() == kJobs * kEach + kHuge; }, 120)) << waiting();
  std::printf("all cut after %.2f s; slowest status meanwhile %.0f ms\n", since(begin), slowest * 1000);
  std::printf("broker: %ld kB idle, %ld kB with 100,000 segments queued\n", idle_kb, resident_kb(lectern.broker()));
  EXPECT_LT(resident_kb(lectern.broker()), 300000);

  // A part of it drains; status answers meanwhile.
  {
    PlayedWorker worker(lectern.paths(), "worker-one", 16);
    begin = Clock::now();
    constexpr int kPart = 500;
    int spoken = 0;
    while (spoken < kPart) {
      const auto work = worker.work(20);
      ASSERT_TRUE(work) << "nothing to speak after " << spoken;
      worker.speak(*work, 0.1);
      ++spoken;
    }
    std::printf("%d segments in %.2f s\n", kPart, since(begin));
    EXPECT_TRUE(Installation::until([&] { return waiting() <= kJobs * kEach + kHuge - kPart; }));
  }

  lectern.kill_all();
  begin = Clock::now();
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  client.emplace(lectern.paths().client_socket());
  PlayedWorker worker(lectern.paths(), "worker-two", 16);
  ASSERT_TRUE(worker.work(20));
  std::printf("first dispatch %.0f ms after a restart\n", since(begin) * 1000);

  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  const std::string first = lectern.run({"status"}).out, all = lectern.run({"status", "--all"}).out;
  EXPECT_THAT(first, testing::HasSubstr(" more are unfinished; all of them: lectern status --all"));
  EXPECT_LT(lines(first), 210);
  EXPECT_GT(lines(all), kJobs);
  EXPECT_THAT(all, testing::Not(testing::HasSubstr("more are unfinished")));

  begin = Clock::now();
  protocol::Change cancel;
  cancel.action = "cancel";
  cancel.selection = all_jobs();
  const auto changed = client->ask<protocol::Changed>(cancel, {}, 60);
  ASSERT_TRUE(changed) << client->refusal;
  std::printf("all cancelled in %.2f s\n", since(begin));
  const auto now = client->ask<protocol::Jobs>(protocol::Status{all_jobs()}, {}, 30);
  ASSERT_TRUE(now);
  EXPECT_EQ(now->unfinished, 0u);
  EXPECT_EQ(lectern.broken(), "");
}

// 500 segments; with LECTERN_SOAK_MINUTES set, 100,000.
TEST(LargeQueue, DrainsToItsLastSegment) {
  const int jobs = std::getenv("LECTERN_SOAK_MINUTES") ? 1000 : 5;
  constexpr int kEach = 100;
  Installation lectern(0);
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  Peer client(lectern.paths().client_socket());
  const auto begin = Clock::now();
  for (int job = 0; job < jobs; ++job)
    client.say(submit_of(std::to_string(job) + "-drain", lectern.work() / (std::to_string(job) + ".flac")), 1000 + job,
               {paragraphs(kEach, "number " + std::to_string(job))});
  for (int job = 0; job < jobs; ++job) ASSERT_TRUE(client.await<protocol::Submitted>(1000 + job, 60)) << job;
  const auto unfinished = [&] {
    const auto now = client.ask<protocol::Jobs>(protocol::Status{all_jobs(), false, 1}, {}, 30);
    EXPECT_TRUE(now) << client.refusal;
    return now ? now->unfinished : 0;
  };
  EXPECT_TRUE(Installation::until([&] { return unfinished() == 0; }, 1800)) << unfinished();
  std::printf("%d segments in %.1f s\n", jobs * kEach, since(begin));
  const auto audio = lectern.audio();
  EXPECT_EQ(audio.size(), static_cast<std::size_t>(jobs));
  for (const auto& [name, frames] : audio) EXPECT_GT(frames, 24000 * kEach / 2) << name;
  EXPECT_TRUE(lectern.leftovers().empty());
  EXPECT_EQ(lectern.broken(), "");
}

}  // namespace
}  // namespace lectern
