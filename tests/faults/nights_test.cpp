// Nights of the real programs, with a clock that the test sets.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/faults/installation.h"
#include "tests/faults/wall_clock.h"

namespace lectern {
namespace {

constexpr std::int64_t kMonday = 1795392000;  // 2026-11-23 00:00 UTC
constexpr std::int64_t hours(int count) { return count * 3600; }
constexpr const char* kNight =
    "keep_alive: 1000\n"
    "windows:\n  - name: night\n    from: 22:00\n    to: 06:00\n    zone: UTC\n";

class Night : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    if (!clock.there()) GTEST_SKIP() << "libfaketime is not installed (package faketime)";
  }
  void TearDown() override { unsetenv("TZ"); }
  void start() {
    const auto variables = clock.in_force();
    EXPECT_EQ(lectern.run({"start"}).exit, 0);
  }
  nlohmann::json job(int index = 0) const { return lectern.status()["jobs"][index]; }
  bool state_is(const std::string& state, int index = 0) const {
    return Installation::until([&] { return job(index)["state"] == state; });
  }
  int done() const { return job()["segments_done"].get<int>(); }

  Installation lectern{20, kNight};
  WallClock clock{lectern.folder() / "clock"};
};

TEST_F(Night, BeginsInTheEveningStopsInTheMorningAndGoesOnTheNextEvening) {
  clock.set_to(kMonday + hours(21) + 48 * 60);
  start();
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(60, "one")), "--window", "night"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return job()["segments"].get<int>() == 60; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(job()["reason"], "waiting for window night (opens 22:00, in 11 m)");
  EXPECT_EQ(lectern.engine(), 0) << "the model is loaded although nothing may run";

  clock.set_to(kMonday + hours(22));
  EXPECT_TRUE(state_is("running"));
  EXPECT_TRUE(Installation::until([&] { return done() >= 5; }));
  const pid_t engine = lectern.engine();

  clock.set_to(kMonday + hours(30));
  EXPECT_TRUE(Installation::until([&] { return lectern.engine() == 0; })) << "the engine stays in the morning";
  EXPECT_FALSE(Installation::alive(engine));
  EXPECT_TRUE(state_is("queued"));
  const int in_the_morning = done();
  EXPECT_LT(in_the_morning, 60);
  EXPECT_EQ(job()["reason"], "waiting for window night (opens 22:00, in 15 h 59 m)");
  EXPECT_EQ(lectern.status()["workers"][0]["leases"], 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(done(), in_the_morning) << "work goes on by day";
  EXPECT_EQ(lectern.status()["workers"][0]["segments_done"], in_the_morning) << "a take was not kept";

  clock.set_to(kMonday + hours(24 + 22));
  EXPECT_TRUE(state_is("done"));
  EXPECT_EQ(lectern.status()["workers"][0]["segments_done"], 60) << "segments were spoken twice";
  EXPECT_EQ(lectern.audio().size(), 1u);
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Night, ARestartInsideAndOutsideOfTheWindowChangesNothing) {
  clock.set_to(kMonday + hours(12));
  start();
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--window", "night"}).exit, 0);
  lectern.kill_all();
  clock.set_to(kMonday + hours(13));
  start();
  EXPECT_TRUE(Installation::until([&] { return job()["segments"].get<int>() == 3; }));
  EXPECT_EQ(job()["reason"], "waiting for window night (opens 22:00, in 8 h 59 m)");
  lectern.kill_all();
  clock.set_to(kMonday + hours(27));
  start();
  EXPECT_TRUE(state_is("done"));
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Night, ByDayJobsWithoutAWindowRunAndKeepTheModel) {
  clock.set_to(kMonday + hours(12));
  start();
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--window", "night"}).exit, 0);
  EXPECT_EQ(lectern.run({"submit", lectern.script("b.txt", sentences(3, "two")), "--wait"}).exit, 0);
  EXPECT_EQ(job(0)["state"], "queued");
  EXPECT_EQ(job(1)["state"], "done");
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_NE(lectern.engine(), 0) << "keep_alive does not count any more";
  EXPECT_EQ(lectern.run({"run-now", "1"}).exit, 0);
  EXPECT_TRUE(state_is("done"));
}

TEST_F(Night, AJobThatWaitsForItsTimeBeginsThen) {
  clock.set_to(kMonday + hours(12));
  start();
  Ended ended;
  {
    const auto variables = clock.in_force();
    ended = lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--at", "14:00"});
  }
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("waiting for its time (starts 14:00, in 1 h 59 m)"), std::string::npos) << ended.out;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(job()["state"], "queued");
  clock.set_to(kMonday + hours(14));
  EXPECT_TRUE(state_is("done"));
}

TEST_F(Night, AChainGoesOnWhenALinkFailsOrIsCancelled) {
  clock.set_to(kMonday + hours(12));
  start();
  const auto failing = lectern.script("a.txt", "This one has the word fault-fail in it.");
  EXPECT_EQ(lectern.run({"submit", failing, "--window", "night"}).exit, 0);
  for (const char* name : {"b.txt", "c.txt", "d.txt"})
    EXPECT_EQ(
        lectern.run({"submit", lectern.script(name, sentences(2, name)), "--after", std::to_string(name[0] - 'a')})
            .exit,
        0);
  EXPECT_TRUE(Installation::until([&] { return job(1)["segments"].get<int>() == 2; }));
  EXPECT_EQ(job(1)["reason"], "waiting for #1, which is queued");
  EXPECT_EQ(job(3)["reason"], "waiting for #3, which is queued");
  EXPECT_EQ(lectern.run({"cancel", "3"}).exit, 0);
  EXPECT_TRUE(state_is("done", 3)) << "its predecessor was cancelled";
  EXPECT_EQ(job(1)["state"], "queued");
  EXPECT_EQ(lectern.run({"run-now", "1"}).exit, 0);
  EXPECT_TRUE(state_is("failed", 0));
  EXPECT_TRUE(state_is("done", 1)) << "its predecessor failed";
  EXPECT_EQ(lectern.run({"submit", failing, "--after", "99"}).exit, 4);
}

TEST_F(Night, AScheduleFillsTheNightAndThePageOfTheMorningHoldsIt) {
  const auto folder = lectern.folder();
  std::ofstream(folder / "home/config.yaml", std::ios::app)
      << "reports: " << (folder / "reports").string() << "\n"
      << "schedules:\n  - name: news\n    when: every weekday 21:30\n    zone: UTC\n    window: night\n"
      << "    scripts: " << (folder / "work").string() << "\n";
  lectern.script("a.txt", sentences(3, "one"));
  lectern.script("b.txt", sentences(400, "two"));
  clock.set_to(kMonday + hours(21));
  start();
  clock.set_to(kMonday + hours(21) + 30 * 60);
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["jobs"].size() == 2; }));
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["jobs"][1]["segments"].get<int>() == 400; }));
  const auto plan = nlohmann::json::parse(lectern.run({"plan", "--json"}).out);
  EXPECT_EQ(plan["until_ms"], (kMonday + hours(30)) * 1000);
  EXPECT_EQ(plan["runs"].size(), 2u);
  EXPECT_EQ(plan["runs"][0]["start_ms"], (kMonday + hours(22)) * 1000);
  clock.set_to(kMonday + hours(22));
  EXPECT_TRUE(state_is("done"));
  clock.set_to(kMonday + hours(30));
  const auto page = folder / "reports/night-2026-11-23.html";
  EXPECT_TRUE(Installation::until([&] { return std::filesystem::exists(page); }));
  std::ifstream in(page);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find("work/a.flac\"></audio>"), std::string::npos) << text;
  EXPECT_NE(text.find("Carried over</h2>"), std::string::npos) << text;
  nlohmann::json report;
  {
    const auto variables = clock.in_force();
    report = nlohmann::json::parse(lectern.run({"report", "--since", "2026-11-23 20:00", "--format", "json"}).out);
  }
  EXPECT_EQ(report["done"], 1);
  EXPECT_EQ(report["carried_over"], 1);
  lectern.kill_all();
  start();
  EXPECT_EQ(lectern.status()["jobs"].size(), 2u) << "the schedule was run twice";
}

TEST_F(Night, AWishThatCannotBeMetIsSaidAtOnce) {
  clock.set_to(kMonday + hours(21));
  start();
  const auto variables = clock.in_force();
  const auto small = lectern.script("a.txt", sentences(3, "one")),
             large = lectern.script("b.txt", sentences(9000, "two"));
  const Ended fits = lectern.run({"submit", small, "--window", "night", "--by", "tomorrow 06:00"});
  EXPECT_EQ(fits.exit, 0) << fits.err;
  EXPECT_EQ(fits.err, "");
  const Ended early = lectern.run({"submit", small, "--window", "night", "--by", "21:30"});
  EXPECT_EQ(early.exit, 0);
  EXPECT_NE(early.err.find("warning: #2: by estimate it will not be done by 21:30"), std::string::npos) << early.err;
  EXPECT_NE(early.err.find("0 s of window night until then"), std::string::npos) << early.err;
  const Ended late = lectern.run({"submit", large, "--by", "+5m"});
  EXPECT_EQ(late.exit, 0);
  EXPECT_NE(late.err.find("warning: #3: by estimate"), std::string::npos) << late.err;
}

}  // namespace
}  // namespace lectern
