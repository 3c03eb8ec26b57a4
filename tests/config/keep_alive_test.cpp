// keep_alive's forms, and "until HH:MM" through nights that are longer or shorter than others.
#include "config/keep_alive.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace lectern {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::int64_t utc(int year, int month, int day, int hour, int minute = 0) {
  std::tm t{};
  t.tm_year = year - 1900;
  t.tm_mon = month - 1;
  t.tm_mday = day;
  t.tm_hour = hour;
  t.tm_min = minute;
  return static_cast<std::int64_t>(timegm(&t)) * 1000;
}

TEST(KeepAliveForms, AnythingElseIsRefused) {
  for (const char* words : {"", "-1", "s", "5d", "1e9h", "nan", "inf", "until", "until ", "until 6:00", "until 24:00",
                            "until 06:60", "until 06:00 ", "Forever", "5 m", "0x10q"})
    EXPECT_FALSE(parse_keep_alive(words)) << words;
}

TEST(KeepAliveForms, EachIsReadAndSaidAgain) {
  const std::pair<const char*, const char*> forms[] = {
      {"auto", "auto"}, {"0", "0s"},     {"0.3", "0.3s"},        {"90", "90s"},
      {"5m", "300s"},   {"2h", "7200s"}, {"forever", "forever"}, {"until 06:05", "until 06:05"}};
  for (const auto& [words, said] : forms) {
    const auto keep = parse_keep_alive(words);
    ASSERT_TRUE(keep) << words;
    EXPECT_EQ(describe(*keep), said);
    EXPECT_EQ(parse_keep_alive(describe(*keep)), keep);
  }
}

TEST(KeepAliveUntil, IsTheNextTimeThatTheLocalClockShowsIt) {
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  // 2026-11-23 22:00 in Berlin is 21:00 UTC.
  const std::int64_t evening = utc(2026, 11, 23, 21);
  EXPECT_EQ(next_local_minute(6 * 60, evening), utc(2026, 11, 24, 5));
  EXPECT_EQ(next_local_minute(22 * 60 + 1, evening), evening + 60'000);
  EXPECT_EQ(next_local_minute(22 * 60, evening), evening + 24 * kHour) << "now is not later";
  // The clock went forward in the night to 2026-03-29, and back in that to 2026-10-25.
  EXPECT_EQ(next_local_minute(6 * 60, utc(2026, 3, 28, 21)) - utc(2026, 3, 28, 21), 7 * kHour);
  EXPECT_EQ(next_local_minute(6 * 60, utc(2026, 10, 24, 20)) - utc(2026, 10, 24, 20), 9 * kHour);
  const std::int64_t left_out = next_local_minute(2 * 60 + 30, utc(2026, 3, 28, 21));
  EXPECT_GE(left_out, utc(2026, 3, 29, 1));
  EXPECT_LE(left_out, utc(2026, 3, 29, 2));
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace lectern
