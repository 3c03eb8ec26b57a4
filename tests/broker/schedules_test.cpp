// Schedules with real files and a clock of the test's own: at most once, whatever clock and broker do.
#include "broker/schedules.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "config/paths.h"
#include "tests/broker/fake_clock.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using calendar::Zone;

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

class SchedulesTest : public testing::Test {
 protected:
  SchedulesTest() {
    settings.test_models = true;
    settings.model = "sine";
    settings.windows = {{"night", {calendar::kEveryDay, 22 * 60, 6 * 60}, "UTC"}};
    fs::create_directories(folder / "in");
    file("a.txt", "One sentence.");
  }
  ~SchedulesTest() override {
    stop();
    fs::remove_all(folder);
  }
  static fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "lectern-schedules-XXXXXX").string();
    return mkdtemp(pattern.data());
  }

  // A broker's parts; stop() is its end, start() the next one.
  struct Parts {
    Parts(const fs::path& folder, const Settings& settings, const Clock& clock)
        : paths(Paths::locate(folder)),
          store(folder / "lectern.sqlite", clock),
          models(paths, settings),
          intake(store, models, paths, settings),
          pipeline(store, models, paths, settings, clock),
          clients(context, folder / "clients"),
          workers(context, folder / "workers"),
          post(clients, workers),
          schedules(store, intake, pipeline, post, settings, clock) {
      store.restart();
      schedules.take_over();
    }
    Paths paths;
    Store store;
    ModelShelf models;
    Intake intake;
    Pipeline pipeline;
    zmq::context_t context;
    Gate clients, workers;
    Post post;
    Schedules schedules;
  };
  void start() { parts = std::make_unique<Parts>(folder, settings, clock); }
  void stop() { parts.reset(); }
  void restart() {
    stop();
    start();
  }
  // Rounds of the loop, until nothing is on its way.
  void settle() {
    for (int quiet = 0; quiet < 3 || !parts->schedules.idle();) {
      parts->schedules.tick();
      const auto results = parts->pipeline.results();
      for (const auto& result : results) result();
      parts->store.commit();
      parts->post.flush();
      quiet = results.empty() ? quiet + 1 : 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
  }
  void at(const char* time) {
    clock.now = *calendar::instant_in(time, *Zone::find("UTC"), 0);
    if (parts) settle();
  }
  void file(const std::string& name, const std::string& text) { std::ofstream(folder / "in" / name) << text; }
  ScheduleSetting& schedule(const std::string& when) {
    ScheduleSetting s;
    s.name = "news";
    s.when = when;
    s.zone = "UTC";
    s.scripts = {(folder / "in").string()};
    settings.schedules = {s};
    return settings.schedules.front();
  }
  void command(const std::string& action, const std::string& name) {
    parts->schedules.handle("peer", 1, {action, name, {}});
    settle();
  }
  std::vector<Job> jobs() {
    std::vector<Job> list;
    for (std::uint64_t number : parts->store.select({{}, "", true}, false)) list.push_back(*parts->store.job(number));
    return list;
  }
  // All jobs end, as if they had been narrated.
  void narrate() {
    for (const Job& job : jobs()) {
      if (finished(job.state)) continue;
      if (!job.cut) parts->store.set_segments(job.number, {}, "[]", "hash");
      parts->store.finish_publishing(job.number, job.output, 1);
      std::ofstream(job.output) << "audio";
    }
    parts->store.commit();
  }
  std::string result() { return parts->store.schedules().front().result; }

  fs::path folder = make_folder();
  Settings settings;
  FakeClock clock{*calendar::instant_in("2026-11-23 12:00", *Zone::find("UTC"), 0)};  // a Monday
  std::unique_ptr<Parts> parts;
};

TEST_F(SchedulesTest, SubmitsWhatItsFolderHoldsWhenItIsDueAndNotBefore) {
  file("b.md", "# A title");
  schedule("every weekday 22:00").voice = "low";
  start();
  at("2026-11-23 21:59");
  EXPECT_TRUE(jobs().empty());
  at("2026-11-23 22:00");
  ASSERT_EQ(jobs().size(), 2u);
  EXPECT_EQ(jobs()[0].script_name, (folder / "in/a.txt").string());
  EXPECT_EQ(jobs()[0].output, (folder / "in/a.flac").string());
  EXPECT_EQ(jobs()[0].voice, "low");
  EXPECT_EQ(jobs()[1].text_format, "markdown");
  EXPECT_EQ(jobs()[0].batch_name, "news");
  EXPECT_EQ(result(), "2 jobs (#1 to #2)");
  at("2026-11-23 22:01");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, ANewOneCatchesUpNothing) {
  schedule("every day 11:00");
  start();
  settle();
  EXPECT_TRUE(jobs().empty());
}

TEST_F(SchedulesTest, WhatWasNarratedWithTheSameSettingsIsSkippedAndSaidSo) {
  schedule("every day 22:00");
  start();
  at("2026-11-23 22:00");
  narrate();
  file("b.txt", "Another sentence.");
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 2u);
  EXPECT_EQ(result(), "1 job (#2); 1 skipped: narrated before with the same settings");
  narrate();
  file("a.txt", "It has changed.");
  at("2026-11-25 22:00");
  EXPECT_EQ(result(), "1 job (#3); 1 skipped: narrated before with the same settings");
  narrate();
  fs::remove(folder / "in/b.flac");
  at("2026-11-26 22:00");
  EXPECT_EQ(result(), "1 job (#4); 1 skipped: narrated before with the same settings") << "its audio is gone";
}

TEST_F(SchedulesTest, SaysInWhatFormItsWorksAreAndASayingThatChangedNarratesAgain) {
  file("names.yaml", "- {word: One, spoken: Won}\n");
  schedule("every day 22:00").delivery = {{"split", "chapters"}, {"author", "Somebody"}};
  settings.schedules.front().lexicon = "names.yaml";
  start();
  at("2026-11-23 22:00");
  ASSERT_EQ(jobs().size(), 1u) << result();
  const Delivery first = parse_delivery(nlohmann::json::parse(jobs()[0].delivery));
  EXPECT_EQ(first.split, "chapters");
  EXPECT_EQ(first.author, "Somebody");
  EXPECT_EQ(first.loudness, "audiobook") << "what it does not say is as in the settings";
  EXPECT_EQ(jobs()[0].output, (folder / "in/a").string());
  EXPECT_NE(jobs()[0].lexicon.find("Won"), std::string::npos);
  narrate();
  stop();
  settings.schedules.front().delivery["loudness"] = "podcast";
  start();
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 2u) << result();
}

TEST_F(SchedulesTest, WhatAnotherScheduleSubmittedIsNotSubmittedTwice) {
  ScheduleSetting other = schedule("every day 22:00");
  other.name = "other";
  other.when = "every day 23:00";
  settings.schedules.push_back(other);
  start();
  at("2026-11-23 22:00");
  at("2026-11-23 23:00");
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_EQ(parts->store.schedules()[1].result, "1 skipped: unfinished with the same settings");
}

TEST_F(SchedulesTest, FrontMatterIsHeardAndTheScheduleStandsOverIt) {
  file("a.txt", "---\ntitle: A title\nformat: wav\nvoice: low\n---\nOne sentence.");
  schedule("every day 22:00").voice = "high";
  start();
  at("2026-11-23 22:00");
  ASSERT_EQ(jobs().size(), 1u);
  EXPECT_EQ(jobs()[0].name, "A title");
  EXPECT_EQ(jobs()[0].output, (folder / "in/a.wav").string());
  EXPECT_EQ(jobs()[0].voice, "high");
}

TEST_F(SchedulesTest, DoesNotOverlapWithItsOwnRunBefore) {
  schedule("every day 22:00");
  start();
  at("2026-11-23 22:00");
  file("b.txt", "Another sentence.");
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_NE(result().find("22:00 skipped: 1 of its run before are not finished"), std::string::npos) << result();
  narrate();
  at("2026-11-25 21:00");
  EXPECT_EQ(jobs().size(), 1u) << "what was skipped is not run later";
  at("2026-11-25 22:00");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, ARestartRepeatsNothingAndForgetsNothing) {
  schedule("every day 22:00");
  start();
  at("2026-11-23 22:00");
  narrate();
  file("b.txt", "Another sentence.");
  restart();
  settle();
  EXPECT_EQ(jobs().size(), 1u);
  stop();
  at("2026-11-24 21:59");
  start();
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, TimesThatPassedUnseenAreOneRun) {
  schedule("every 15 minutes");
  start();
  at("2026-11-23 12:01");
  at("2026-11-26 12:05");  // it slept for three days
  EXPECT_EQ(jobs().size(), 1u);
  narrate();
  file("b.txt", "Another sentence.");
  at("2026-11-26 12:14");
  EXPECT_EQ(jobs().size(), 1u);
  at("2026-11-26 12:15");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, TheCatchUpPolicyDecidesWhatAMissedTimeBecomes) {
  const struct {
    const char *policy, *window, *runs_in;  // "-": it does not run
  } rows[] = {
      {"", "", ""},           {"", "night", "night"}, {"next-window", "night", "night"}, {"once-now", "night", ""},
      {"skip", "night", "-"}, {"skip", "", "-"}};
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.policy) + " " + row.window);
    stop();
    fs::remove(folder / "lectern.sqlite");
    at("2026-11-23 12:00");
    auto& setting = schedule("every day 22:00");
    setting.catch_up = row.policy;
    setting.window = row.window;
    start();
    stop();
    at("2026-11-24 09:00");
    start();
    settle();
    if (std::string(row.runs_in) == "-") {
      EXPECT_TRUE(jobs().empty());
      EXPECT_NE(result().find("skipped"), std::string::npos);
    } else {
      ASSERT_EQ(jobs().size(), 1u);
      EXPECT_EQ(jobs()[0].when.window, row.runs_in);
    }
  }
}

TEST_F(SchedulesTest, AClockThatIsSetBackRepeatsNothing) {
  schedule("every day 22:00");
  start();
  at("2026-11-23 22:30");
  narrate();
  file("b.txt", "Another sentence.");
  at("2026-11-23 21:30");
  at("2026-11-23 22:00");
  at("2026-11-23 23:00");
  EXPECT_EQ(jobs().size(), 1u);
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, AClockThatWasYearsAheadDoesNotSilenceItForYears) {
  schedule("every day 22:00");
  start();
  at("2031-01-01 12:00");
  EXPECT_EQ(jobs().size(), 1u) << "one run for all the years";
  narrate();
  file("b.txt", "Another sentence.");
  at("2026-11-23 13:00");
  EXPECT_EQ(jobs().size(), 1u);
  at("2026-11-23 22:00");
  EXPECT_EQ(jobs().size(), 2u);
}

TEST_F(SchedulesTest, ARunThatWasCutShortGoesOnWithoutDoubles) {
  for (int i = 0; i < 80; ++i) file("f" + std::to_string(i) + ".txt", "Sentence " + std::to_string(i));
  schedule("every day 22:00");
  start();
  clock.now = *calendar::instant_in("2026-11-23 22:00", *Zone::find("UTC"), 0);
  for (int round = 0; round < 1000 && jobs().empty(); ++round) {  // until its first step is committed
    parts->schedules.tick();
    for (const auto& result : parts->pipeline.results()) result();
    parts->store.commit();
    parts->post.flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_GT(jobs().size(), 0u);
  ASSERT_LT(parts->store.unfinished_jobs(), 81u) << "nothing was left to cut short";
  restart();
  settle();
  EXPECT_EQ(parts->store.unfinished_jobs(), 81u);
  EXPECT_EQ(result(), "81 jobs (#1 to #81)");
}

TEST_F(SchedulesTest, ATransactionThatIsUndoneLosesNoScript) {
  file("b.txt", "Another sentence.");
  schedule("every day 22:00");
  start();
  clock.now = *calendar::instant_in("2026-11-23 22:00", *Zone::find("UTC"), 0);
  bool undone = false;
  for (int round = 0; round < 1000 && !undone; ++round) {
    parts->schedules.tick();
    const auto results = parts->pipeline.results();
    for (const auto& result : results) result();
    if (parts->store.unfinished_jobs() > 0) {
      parts->store.rollback();
      parts->post.drop();
      parts->schedules.undone();
      for (const auto& result : results) result();
      undone = true;
    }
    parts->store.commit();
    parts->post.flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(undone);
  settle();
  EXPECT_EQ(jobs().size(), 2u);
  EXPECT_EQ(result(), "2 jobs (#1 to #2)");
}

TEST_F(SchedulesTest, ScriptsThatAreRefusedAreSaidAndTheOthersGoOn) {
  std::ofstream(folder / "in/bad.txt") << std::string("\0\0\0\1", 4);
  schedule("every day 22:00").scripts.push_back((folder / "missing.txt").string());
  start();
  at("2026-11-23 22:00");
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_NE(result().find("1 job (#1); 2 refused: "), std::string::npos) << result();
}

TEST_F(SchedulesTest, AnEmptyFolderIsSaid) {
  fs::remove(folder / "in/a.txt");
  schedule("every day 22:00");
  start();
  at("2026-11-23 22:00");
  EXPECT_NE(result(), "");
  EXPECT_TRUE(jobs().empty());
}

TEST_F(SchedulesTest, PausedItStandsStillAndCatchesUpNothing) {
  schedule("every day 22:00");
  start();
  command("pause", "news");
  at("2026-11-24 12:00");
  restart();
  settle();
  EXPECT_TRUE(jobs().empty()) << "the pause survives a restart";
  command("resume", "news");
  EXPECT_TRUE(jobs().empty());
  at("2026-11-24 22:00");
  EXPECT_EQ(jobs().size(), 1u);
}

TEST_F(SchedulesTest, RunSubmitsAtOnceAndOnlyOnce) {
  schedule("every day 22:00");
  start();
  command("run", "news");
  EXPECT_EQ(jobs().size(), 1u);
  EXPECT_THROW(command("run", "news"), Fault) << "its jobs are not finished";
  narrate();
  clock.now += 1000;
  command("run", "news");
  EXPECT_EQ(result(), "1 skipped: narrated before with the same settings");
}

TEST_F(SchedulesTest, OneThatLeavesTheConfigIsForgottenAndOneOfACommandStays) {
  ScheduleSetting mine = schedule("every day 22:00");
  mine.name = "mine";
  start();
  parts->schedules.handle("peer", 1, {"add", "", mine});
  settle();
  EXPECT_THROW(parts->schedules.handle("peer", 1, {"add", "", mine}), Fault);
  EXPECT_THROW(parts->schedules.handle("peer", 1, {"remove", "news", {}}), Fault) << "it stands in config.yaml";
  settings.schedules.clear();
  restart();
  ASSERT_EQ(parts->store.schedules().size(), 1u);
  EXPECT_EQ(parts->store.schedules()[0].setting, mine);
  command("remove", "mine");
  EXPECT_TRUE(parts->store.schedules().empty());
  EXPECT_THROW(command("run", "mine"), Fault);
}

TEST_F(SchedulesTest, BadSettingsOfACommandNameTheField) {
  start();
  const ScheduleSetting good = schedule("every day 22:00");
  auto refused = [&](auto change, const std::string& field) {
    ScheduleSetting s = good;
    change(s);
    try {
      parts->schedules.handle("peer", 1, {"add", "", s});
      ADD_FAILURE() << field << " was taken";
    } catch (const Fault& fault) {
      EXPECT_NE(std::string(fault.what()).find(field), std::string::npos) << fault.what();
      EXPECT_FALSE(fault.hint().empty());
    }
  };
  refused([](auto& s) { s.name = "two words"; }, "field 'name'");
  refused([](auto& s) { s.when = "25:00"; }, "field 'when'");
  refused([](auto& s) { s.zone = "Europe/Berlim"; }, "field 'zone'");
  refused([](auto& s) { s.scripts = {}; }, "field 'scripts'");
  refused([](auto& s) { s.scripts = {"relative.txt"}; }, "field 'scripts'");
  refused([](auto& s) { s.window = "nigth"; }, "field 'window'");
  refused([](auto& s) { s.catch_up = "perhaps"; }, "field 'catch_up'");
  refused([](auto& s) { s.catch_up = "next-window"; }, "field 'catch_up'");
  refused([](auto& s) { s.speed = 9; }, "field 'speed'");
  refused([](auto& s) { s.voice = "nobody"; }, "nobody");
}

}  // namespace
}  // namespace lectern
