#include "cli/watch.h"

#include <gtest/gtest.h>

#include "tests/cli/scripted_broker.h"

namespace lectern::cli {
namespace {

using namespace protocol;
using std::chrono::milliseconds;

JobView job(std::uint64_t number, const std::string& state) {
  JobView view;
  view.number = number;
  view.state = state;
  return view;
}

Frames jobs(const Message& to, std::vector<JobView> views) {
  Jobs answer;
  answer.jobs = std::move(views);
  return encode(answer, to.request);
}

class WatchTest : public testing::Test {
 protected:
  Connection connect() {
    return Connection(paths, [] {}, {std::chrono::seconds(30), 2});
  }
  // The states that were shown, as "running done, done done, ...".
  std::string shown(ScriptedBroker::Script script, milliseconds renewal = std::chrono::seconds(30)) {
    ScriptedBroker broker(paths, std::move(script));
    Connection connection = connect();
    Watch watch(connection, {}, renewal);
    std::string text;
    EXPECT_TRUE(watch.run([&](const Jobs& state) {
      if (!text.empty()) text += ", ";
      for (const JobView& view : state.jobs) text += view.state + (&view == &state.jobs.back() ? "" : " ");
    }));
    return text;
  }

  TemporaryFolder folder;
  Paths paths = Paths::locate(folder.path());
};

TEST_F(WatchTest, AnUnknownJobIsTheBrokersFault) {
  ScriptedBroker broker(paths, [](const Message& m) { return Answers{refusal(m, Exit::not_found, "no job 9", "")}; });
  Connection connection = connect();
  Watch watch(connection, {});
  EXPECT_THROW(watch.run([](const Jobs&) {}), Fault);
}

TEST_F(WatchTest, EndsAtOnceWhenAllHaveEnded) {
  EXPECT_EQ(shown([](const Message& m) {
              return Answers{jobs(m, {job(1, "done"), job(2, "failed")})};
            }),
            "done failed");
}

TEST_F(WatchTest, ProgressReplacesTheJobThatItNames) {
  EXPECT_EQ(shown([](const Message& m) {
              return Answers{encode(Progress{job(2, "done")}),  // before the first state: nothing to apply it to
                             jobs(m, {job(1, "running"), job(2, "running")}), encode(Progress{job(7, "done")}),
                             encode(Progress{job(2, "done")}), encode(Progress{job(1, "cancelled")})};
            }),
            "running running, running done, cancelled done");
}

TEST_F(WatchTest, LostProgressIsMadeGoodByTheNextRenewal) {
  EXPECT_EQ(
      shown([asked =
                 0](const Message& m) mutable { return Answers{jobs(m, {job(1, ++asked < 3 ? "running" : "done")})}; },
            milliseconds(20)),
      "running, running, done");
}

TEST_F(WatchTest, GivesUpAtItsTime) {
  ScriptedBroker broker(paths, [](const Message& m) { return Answers{jobs(m, {job(1, "running")})}; });
  Connection connection = connect();
  Watch watch(connection, {});
  EXPECT_FALSE(watch.run([](const Jobs&) {}, Connection::Clock::now() + milliseconds(50)));
  EXPECT_EQ(watch.state().jobs.at(0).state, "running");
}

TEST_F(WatchTest, UnfinishedJobsAreNamedByNumber) {
  ScriptedBroker broker(paths, [](const Message& m) {
    return Answers{jobs(m, {job(1, "done"), job(2, "held"), job(3, "running"), job(4, "failed")})};
  });
  Connection connection = connect();
  EXPECT_EQ(unfinished_jobs(connection).jobs, (std::vector<std::string>{"2", "3"}));
}

}  // namespace
}  // namespace lectern::cli
