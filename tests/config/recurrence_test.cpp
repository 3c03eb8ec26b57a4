// Schedules' rules against the C library's clock, through a whole year of zones that change at odd times.
#include "config/calendar/recurrence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "config/fault.h"
#include "tests/config/calendar_year.h"

namespace lectern::calendar {
namespace {

Zone zone(const std::string& name) { return *Zone::find(name); }

struct Rule {
  const char* words;
  std::function<bool(const Civil&, int weekday)> due;  // at this time of the clock
};

const Rule kRules[] = {
    {"every weekday 22:00", [](auto& c, int d) { return d >= 1 && d <= 5 && c.hour == 22 && c.minute == 0; }},
    {"0 22 * * 1-5", [](auto& c, int d) { return d >= 1 && d <= 5 && c.hour == 22 && c.minute == 0; }},
    {"every day 02:30", [](auto& c, int) { return c.hour == 2 && c.minute == 30; }},
    {"every sun 02:00 and 03:00", [](auto& c, int d) { return d == 0 && c.hour >= 2 && c.hour <= 3 && c.minute == 0; }},
    {"daily 00:00", [](auto& c, int) { return c.hour == 0 && c.minute == 0; }},
    {"every day at 23:30, 00:15",
     [](auto& c, int) { return (c.hour == 23 && c.minute == 30) || (c.hour == 0 && c.minute == 15); }},
    {"*/15 * * * *", [](auto& c, int) { return c.minute % 15 == 0; }},
    {"every 10 minutes", [](auto& c, int) { return c.minute % 10 == 0; }},
    {"@hourly", [](auto& c, int) { return c.minute == 0; }},
    {"5 1-3,22 * mar,apr,oct *",
     [](auto& c, int) {
       return c.minute == 5 && ((c.hour >= 1 && c.hour <= 3) || c.hour == 22) &&
              (c.month == 3 || c.month == 4 || c.month == 10);
     }},
    {"30 2 13,29 * 0",
     [](auto& c, int d) { return c.hour == 2 && c.minute == 30 && (c.day == 13 || c.day == 29 || d == 0); }},
    {"0 12 */10 * *", [](auto& c, int) { return c.hour == 12 && c.minute == 0 && c.day % 10 == 1; }},
};

class RecurrenceYear : public testing::TestWithParam<const char*> {};

TEST_P(RecurrenceYear, EveryRuleIsDueOnceWhenTheClockReachesIt) {
  const Year year(GetParam());
  const Zone z = zone(GetParam());
  for (const Rule& rule : kRules) {
    SCOPED_TRACE(rule.words);
    const Recurrence recurrence = Recurrence::parse(rule.words);
    std::set<Instant> expected;
    const WallTime first = midnight(year.first_shown()) + kDay, last = midnight(year.last_shown()) - kDay;
    for (WallTime time = first; time < last; time += 60)
      if (rule.due(civil(time), weekday(time))) expected.insert(year.reaches(time));
    ASSERT_FALSE(expected.empty());
    Instant at = *expected.begin() - 1, before = at;
    for (const Instant due : expected) {
      at = recurrence.next(z, at);
      ASSERT_EQ(at, due) << before;
      before = at;
    }
    // Backwards too: from any time the last one that was due is found, and nothing is found twice.
    Instant previous = *expected.begin() - 1;
    for (const Instant due : expected) {
      ASSERT_EQ(recurrence.last(z, previous, due - 1), std::nullopt);
      ASSERT_EQ(recurrence.last(z, previous, due), due);
      ASSERT_EQ(recurrence.last(z, due, due), std::nullopt);
      previous = due;
    }
    EXPECT_EQ(recurrence.last(z, *expected.begin(), *expected.rbegin() + 1), *expected.rbegin()) << "coalesced to one";
  }
}
INSTANTIATE_TEST_SUITE_P(Zones, RecurrenceYear, testing::ValuesIn(kZones), [](const auto& row) {
  std::string name = row.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

TEST(Recurrence, ASkippedTimeIsDueAtTheFirstMinuteAfter) {
  const Zone z = zone("Europe/Berlin");
  const Instant evening = *instant_in("2026-03-28 22:00", z, 0);
  EXPECT_EQ(Recurrence::parse("30 2 * * *").next(z, evening), *instant_in("2026-03-29 03:00", z, 0));
}

TEST(Recurrence, ATimeThatComesTwiceIsDueOnce) {
  const Zone z = zone("Europe/Berlin");
  const Recurrence rule = Recurrence::parse("30 2 * * *");
  const Instant first = rule.next(z, *instant_in("2026-10-24 22:00", z, 0));
  EXPECT_EQ(z.shows(first), z.shows(first + 3'600'000)) << "this is no hour that comes twice";
  EXPECT_EQ(rule.next(z, first), *instant_in("2026-10-26 02:30", z, 0));
  EXPECT_EQ(rule.last(z, first, first + 3'700'000), std::nullopt);
}

TEST(Recurrence, TheLeapDayIsFound) {
  const Zone z = zone("UTC");
  EXPECT_EQ(Recurrence::parse("0 6 29 2 *").next(z, *instant_in("2026-01-01 00:00", z, 0)),
            *instant_in("2028-02-29 06:00", z, 0));
}

TEST(Recurrence, SundayIsSevenToo) {
  const Zone z = zone("UTC");
  for (const char* words : {"0 6 * * 7", "0 6 * * 0", "0 6 * * sun", "every sunday 6:00", "0 6 * * 7,0"})
    EXPECT_EQ(Recurrence::parse(words).next(z, *instant_in("2026-11-23 00:00", z, 0)),
              *instant_in("2026-11-29 06:00", z, 0))
        << words;
}

TEST(Recurrence, WhatIsNotUnderstoodSaysWhy) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "no time is given"},
      {"25:00", "is not understood"},
      {"22:00", "is not understood"},
      {"every day 25:00", "names no days"},
      {"every weekday", "names no time of day"},
      {"every 7 minutes", "does not fill an hour evenly"},
      {"every 0 hours", "does not fill a day evenly"},
      {"every someday 22:00", "'someday' names no days"},
      {"every day 22:00 or so", "at 'or'"},
      {"0 22 * *", "five fields"},
      {"0 22 * * * *", "five fields"},
      {"60 22 * * *", "'minute' cannot hold '60': it goes from 0 to 59"},
      {"0 24 * * *", "'hour' cannot hold '24'"},
      {"0 0 0 * *", "'day of month' cannot hold '0'"},
      {"0 0 1 13 *", "'month' cannot hold '13'"},
      {"0 0 * * 8", "'day of week' cannot hold '8'"},
      {"5-1 * * * *", "ends before it begins"},
      {"*/0 * * * *", "wrong step"},
      {"1,,2 * * * *", "'minute'"},
      {"1, * * * *", "'minute' is not understood"},
      {"-1 * * * *", "is not understood"},
      {"0 0 30 2 *", "never comes"},
      {"0 0 31 4,6,9,11 *", "never comes"},
      {"@often", "is not understood"},
  };
  for (const auto& [words, why] : rows) {
    try {
      Recurrence::parse(words);
      ADD_FAILURE() << words << " was understood";
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.exit(), Exit::bad_input);
      EXPECT_NE(std::string(fault.what()).find(why), std::string::npos) << words << ": " << fault.what();
      EXPECT_FALSE(fault.hint().empty());
    }
  }
}

}  // namespace
}  // namespace lectern::calendar
