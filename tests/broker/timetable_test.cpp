// What the clock and the machine hold up, with a clock of the test's own.
#include "broker/timetable.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/broker/fake_clock.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using calendar::Zone;

constexpr std::int64_t kHour = 3'600'000;

class TimetableTest : public testing::Test {
 protected:
  TimetableTest() {
    settings.windows = {{"night", {calendar::kEveryDay, 22 * 60, 6 * 60}, "Europe/Berlin", true, false},
                        {"free", {calendar::kEveryDay, 22 * 60, 6 * 60}, "Europe/Berlin"}};
    at("2026-11-23 23:00");
  }
  ~TimetableTest() override { fs::remove_all(folder); }
  static fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "lectern-timetable-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  static std::int64_t berlin(const char* time) { return *calendar::instant_in(time, *Zone::find("Europe/Berlin"), 0); }
  void at(const char* time) { clock.now = berlin(time); }
  static Job job(const std::string& window) {
    Job job;
    job.number = 1;
    job.state = JobState::queued;
    job.when.window = window;
    return job;
  }
  using Names = std::vector<std::string>;

  fs::path folder = make_folder();
  FakeClock clock;
  Settings settings;
  Store store{folder / "lectern.sqlite", clock};
  std::string against;
  int asked = 0;
  Timetable make() {
    return {store, settings, clock, [this](const WindowSetting&) { return ++asked, against; }};
  }
};

TEST_F(TimetableTest, AWindowWhoseConditionDoesNotHoldCountsAsClosedAndSaysWhy) {
  Timetable timetable = make();
  timetable.tick();
  EXPECT_EQ(timetable.open(), (Names{"", "night", "free"}));
  EXPECT_EQ(timetable.waits_for(job("night")), "");
  against = "the machine runs on battery";
  clock.now += 10'000;
  timetable.tick();
  EXPECT_EQ(timetable.open(), (Names{"", "free"}));
  EXPECT_EQ(timetable.waits_for(job("night")), "waiting for window night: the machine runs on battery");
  EXPECT_EQ(timetable.waits_for(job("free")), "");
  against = "";
  clock.now += 10'000;
  timetable.tick();
  EXPECT_EQ(timetable.open(), (Names{"", "night", "free"}));
}

TEST_F(TimetableTest, TheMachineIsAskedEveryTenSecondsAndOnlyWhileTheWindowIsOpen) {
  Timetable timetable = make();
  for (int second = 0; second < 20; ++second, clock.now += 1000) EXPECT_LE(timetable.tick(), clock.now + 10'000);
  EXPECT_EQ(asked, 2) << "the window without conditions was asked for too, or every round";
  at("2026-11-24 12:00");
  EXPECT_EQ(timetable.tick(), berlin("2026-11-24 22:00"));
  EXPECT_EQ(asked, 2);
}

TEST_F(TimetableTest, TheLastNightAndTheNextAreFoundAlsoWhereTheClockChanges) {
  Timetable timetable = make();
  at("2026-10-25 12:00");  // the night before had nine hours
  const auto last = timetable.last_closed("night");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->end - last->begin, 9 * kHour);
  EXPECT_EQ(timetable.date_of("night", last->begin), "2026-10-24");
  const auto next = timetable.current_or_next("night");
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, (calendar::Span{berlin("2026-10-25 22:00"), berlin("2026-10-26 06:00")}));
  at("2026-10-26 01:00");
  EXPECT_EQ(timetable.current_or_next("night"), next);
  EXPECT_EQ(timetable.last_closed("night"), last) << "the night that goes on has not closed";
  EXPECT_FALSE(timetable.last_closed("nigth"));
  EXPECT_FALSE(timetable.current_or_next("nigth"));
}

}  // namespace
}  // namespace lectern
