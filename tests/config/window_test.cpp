// Windows against the C library's clock: every rule through a whole year of zones that change at odd times.
#include "config/calendar/window.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/config/calendar_year.h"

namespace lectern::calendar {
namespace {

Zone zone(const std::string& name) { return *Zone::find(name); }

Instant at(const Zone& zone, const std::string& words) { return *instant_in(words, zone, 0); }

double hours_open(const char* name, const std::string& evening, const Hours& hours = {kEveryDay, 22 * 60, 6 * 60}) {
  const Zone z = zone(name);
  const Level night = level(hours, z, at(z, evening));
  EXPECT_TRUE(night.open) << name << " " << evening;
  return static_cast<double>(night.holds.end - night.holds.begin) / 3'600'000;
}

class WindowYear : public testing::TestWithParam<const char*> {};

TEST_P(WindowYear, EveryRuleOpensAndClosesWithTheClock) {
  const Year year(GetParam());
  const Zone z = zone(GetParam());
  const Hours rules[] = {
      {kEveryDay, 22 * 60, 6 * 60},      {kEveryDay, 0, 24 * 60},
      {*days_in("mon-fri"), 0, 24 * 60}, {*days_in("sat,sun"), 9 * 60, 630},
      {*days_in("fri"), 23 * 60, 60},    {kEveryDay, 150, 151},
      {kEveryDay, 2 * 60, 3 * 60},       {kEveryDay, 0, 30},
      {kEveryDay, 23 * 60 + 30, 30},     {*days_in("sun"), 1 * 60, 2 * 60},
      {*days_in("thu-sat"), 0, 5 * 60},  {kEveryDay, 105, 135},
  };
  for (const Hours& hours : rules) {
    SCOPED_TRACE(name_of(hours.days) + " " + name_of_minute(hours.from_minute) + "-" + name_of_minute(hours.to_minute));
    std::vector<Span> expected;
    const bool overnight = hours.to_minute <= hours.from_minute;
    for (WallTime day = midnight(year.first_shown()) + kDay; day < year.last_shown() - 2 * kDay; day += kDay) {
      if (!(hours.days & (1u << weekday(day)))) continue;
      const Span span{year.reaches(day + hours.from_minute * 60),
                      year.reaches(day + (overnight ? kDay : 0) + hours.to_minute * 60)};
      if (span.begin == span.end) continue;
      if (!expected.empty() && expected.back().end == span.begin)
        expected.back().end = span.end;
      else
        expected.push_back(span);
    }
    ASSERT_GT(expected.size(), 0u);
    std::vector<Span> found = openings(hours, z, expected.front().begin, expected.back().end - 1);
    found.front().begin = std::max(found.front().begin, expected.front().begin);
    found.back().end = std::min(found.back().end, expected.back().end);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].begin, expected[i].begin) << i;
      ASSERT_EQ(found[i].end, expected[i].end) << i;
    }
    if (expected.size() == 1) continue;  // always open
    for (std::size_t i = 1; i + 1 < expected.size(); ++i) {
      const Span open = expected[i], closed{expected[i].end, expected[i + 1].begin};
      for (const Instant now : {open.begin, open.begin + 1, (open.begin + open.end) / 2, open.end - 1}) {
        const Level answer = level(hours, z, now);
        ASSERT_TRUE(answer.open) << i;
        ASSERT_EQ(answer.holds, open) << i;
      }
      for (const Instant now : {closed.begin, (closed.begin + closed.end) / 2, closed.end - 1}) {
        const Level answer = level(hours, z, now);
        ASSERT_FALSE(answer.open) << i;
        ASSERT_EQ(answer.holds, closed) << i;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Zones, WindowYear, testing::ValuesIn(kZones), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

TEST(Window, ANightOnWhichTheClockChangesHasItsOwnLength) {
  EXPECT_EQ(hours_open("Europe/Berlin", "2026-03-28 23:00"), 7);
  EXPECT_EQ(hours_open("Europe/Berlin", "2026-10-24 23:00"), 9);
  EXPECT_EQ(hours_open("Europe/Berlin", "2026-06-01 23:00"), 8);
  EXPECT_EQ(hours_open("America/New_York", "2026-03-07 23:00"), 7);
  EXPECT_EQ(hours_open("America/New_York", "2026-10-31 23:00"), 9);
  EXPECT_EQ(hours_open("Australia/Lord_Howe", "2026-10-03 23:00"), 7.5);
  EXPECT_EQ(hours_open("Australia/Lord_Howe", "2026-04-04 23:00"), 8.5);
  EXPECT_EQ(hours_open("Africa/Cairo", "2026-04-23 23:00"), 7) << "midnight is skipped";
  EXPECT_EQ(hours_open("Africa/Cairo", "2026-10-29 22:30"), 9) << "the hour before midnight comes twice";
  EXPECT_EQ(hours_open("Asia/Kathmandu", "2026-03-28 23:00"), 8);
}

TEST(Window, IsOpenFromItsFirstMillisecondToItsLast) {
  const Zone z = zone("Europe/Berlin");
  const Hours night{kEveryDay, 22 * 60, 6 * 60};
  EXPECT_FALSE(level(night, z, at(z, "2026-11-23 22:00") - 1).open);
  EXPECT_TRUE(level(night, z, at(z, "2026-11-23 22:00")).open);
  EXPECT_TRUE(level(night, z, at(z, "2026-11-24 06:00") - 1).open);
  EXPECT_FALSE(level(night, z, at(z, "2026-11-24 06:00")).open);
}

TEST(Window, OverMidnightBelongsToTheDayOnWhichItOpens) {
  const Zone z = zone("Europe/Berlin");
  const Hours friday{*days_in("fri"), 22 * 60, 6 * 60};
  EXPECT_FALSE(level(friday, z, at(z, "2026-11-27 03:00")).open) << "the night to Friday";
  EXPECT_TRUE(level(friday, z, at(z, "2026-11-28 03:00")).open) << "the night to Saturday";
}

TEST(Window, ThatIsOpenOnAllDaysNeverCloses) {
  const Level answer = level({kEveryDay, 0, 24 * 60}, zone("Africa/Cairo"), 1'790'000'000'000);
  EXPECT_TRUE(answer.open);
  EXPECT_EQ(answer.holds.end, kNever);
}

TEST(Window, DaysThatTouchAreOneOpening) {
  const Zone z = zone("America/New_York");
  const Level answer = level({*days_in("mon-fri"), 0, 24 * 60}, z, at(z, "2026-11-25 12:00"));
  EXPECT_EQ(answer.holds.begin, at(z, "2026-11-23 00:00"));
  EXPECT_EQ(answer.holds.end, at(z, "2026-11-28 00:00"));
}

TEST(Window, InASkippedHourIsClosedThatNight) {
  const Zone z = zone("Europe/Berlin");
  const Hours hours{kEveryDay, 135, 165};  // 02:15 to 02:45
  EXPECT_TRUE(level(hours, z, at(z, "2026-03-28 02:30")).open);
  for (Instant t = at(z, "2026-03-29 00:00"); t < at(z, "2026-03-29 23:59"); t += kMinute) {
    ASSERT_FALSE(level(hours, z, t).open) << t;
    t += 10 * kMinute;
  }
}

TEST(Words, OfDays) {
  EXPECT_EQ(days_in("daily"), kEveryDay);
  EXPECT_EQ(days_in("Mon-Fri"), days_in("weekdays"));
  EXPECT_EQ(days_in("fri-mon"), days_in("sat, sunday,mon,friday"));
  EXPECT_EQ(days_in("sat-sat"), Days{0b1000000});
  for (const char* wrong : {"", "someday", "mon-", "-fri", "mon-tue-wed", "mon,,tue", "mo"})
    EXPECT_FALSE(days_in(wrong)) << wrong;
  EXPECT_EQ(name_of(*days_in("sat,sun")), "sat,sun");
  EXPECT_EQ(name_of(*days_in("weekdays")), "mon-fri");
}

TEST(Words, OfTimesOfDay) {
  EXPECT_EQ(minute_in("22:00"), 22 * 60);
  EXPECT_EQ(minute_in("6:05"), 365);
  EXPECT_EQ(minute_in("24:00"), 1440);
  for (const char* wrong : {"", "25:00", "24:01", "22:60", "22", "22:0", "-1:00", "10pm", "22:00:00", "1e1:00"})
    EXPECT_FALSE(minute_in(wrong)) << wrong;
}

TEST(Words, OfInstantsMeanTheNextOne) {
  const Zone z = zone("Europe/Berlin");
  const Instant now = at(z, "2026-11-23 21:30");  // a Monday
  auto means = [&](const char* words, const char* date) {
    const auto found = instant_in(words, z, now);
    ASSERT_TRUE(found) << words;
    EXPECT_EQ(*found, at(z, date)) << words;
  };
  means("22:00", "2026-11-23 22:00");
  means("21:30", "2026-11-24 21:30");
  means("today 20:00", "2026-11-23 20:00");
  means("tomorrow 06:00", "2026-11-24 06:00");
  means("fri 22:00", "2026-11-27 22:00");
  means("mon 21:00", "2026-11-30 21:00");
  means("weekend 10:00", "2026-11-28 10:00");
  means("2026-12-24T18:00", "2026-12-24 18:00");
  means("+90m", "2026-11-23 23:00");
  means("in 1h 30m", "2026-11-23 23:00");
  means("2027-03-28 02:30", "2027-03-28 03:00");
  for (const char* wrong : {"", "soon", "25:00", "2026-02-30 10:00", "2026-13-01 10:00", "+", "+3", "+3x",
                            "someday 10:00", "tomorrow", "10:00 tomorrow"})
    EXPECT_FALSE(instant_in(wrong, z, now)) << wrong;
}

TEST(Words, ForWaitingAreShortAndClear) {
  setenv("TZ", "Europe/Berlin", 1);
  const Zone z = zone("Europe/Berlin");
  const Instant now = at(z, "2026-11-23 18:48");
  EXPECT_EQ(ahead_words("opens", z, at(z, "2026-11-23 22:00"), now), "opens 22:00, in 3 h 12 m");
  EXPECT_EQ(when_words(z, at(z, "2026-11-26 22:00"), now), "Thu 22:00");
  EXPECT_EQ(when_words(z, at(z, "2026-12-26 22:00"), now), "2026-12-26 22:00");
  EXPECT_EQ(when_words(zone("Asia/Kathmandu"), at(z, "2026-11-23 18:15"), now), "23:00 Asia/Kathmandu");
  EXPECT_EQ(span_words(59'999), "59 s");
  EXPECT_EQ(span_words(3 * 86'400'000LL + 4 * 3'600'000), "3 d 4 h");
  unsetenv("TZ");
}

TEST(Zone, ThatIsUnknownIsNoZone) {
  EXPECT_FALSE(Zone::find("Europe/Berlim"));
  EXPECT_FALSE(Zone::find("../../etc/passwd"));
  EXPECT_TRUE(Zone::find(""));
  EXPECT_EQ(Zone::find("Asia/Kathmandu")->shows(0), 5 * 3600 + 1800);  // +5:30 until 1986
}

}  // namespace
}  // namespace lectern::calendar
