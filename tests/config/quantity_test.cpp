#include "config/quantity.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <cmath>

namespace lectern {
namespace {

TEST(Quantity, ClockTimeGrowsFromMinutesToHours) {
  EXPECT_EQ(clock_time(0), "0:00");
  EXPECT_EQ(clock_time(6.6), "0:07");
  EXPECT_EQ(clock_time(59.6), "1:00");
  EXPECT_EQ(clock_time(1865), "31:05");
  EXPECT_EQ(clock_time(3599.4), "59:59");
  EXPECT_EQ(clock_time(3723), "1:02:03");
  EXPECT_EQ(clock_time(360000), "100:00:00");
}

TEST(Quantity, ClockTimeOfNonsenseIsZero) {
  EXPECT_EQ(clock_time(-5), "0:00");
  EXPECT_EQ(clock_time(std::nan("")), "0:00");
}

TEST(Quantity, AboutRoundsToWhatMatters) {
  EXPECT_EQ(about(0.2), "0 s");
  EXPECT_EQ(about(59), "59 s");
  EXPECT_EQ(about(60), "1 min");
  EXPECT_EQ(about(745), "12 min");
  EXPECT_EQ(about(3600 - 29), "1 h 00 min");
  EXPECT_EQ(about(3 * 3600 + 300), "3 h 05 min");
  EXPECT_EQ(about(52 * 3600), "2 d 4 h");
}

TEST(Quantity, SizesCarryThreeDigits) {
  EXPECT_EQ(size_of(0), "0 B");
  EXPECT_EQ(size_of(999), "999 B");
  EXPECT_EQ(size_of(1000), "1 kB");
  EXPECT_EQ(size_of(4'120'000), "4.12 MB");
  EXPECT_EQ(size_of(20'000'000), "20 MB");
  EXPECT_EQ(size_of(999'600'000), "1 GB");
  EXPECT_EQ(size_of(1'254'000'000), "1.25 GB");
  EXPECT_EQ(size_of(312'000'000'000), "312 GB");
}

TEST(Quantity, CountsHaveSeparatorsAndPlurals) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1,000");
  EXPECT_EQ(count(1234567), "1,234,567");
  EXPECT_EQ(count(1, "job"), "1 job");
  EXPECT_EQ(count(0, "job"), "0 jobs");
}

TEST(Quantity, FactorsAreFinerWhenSmall) {
  EXPECT_EQ(times(0.347), "0.35x");
  EXPECT_EQ(times(3.24), "3.2x");
  EXPECT_EQ(times(412.4), "412x");
}

TEST(Quantity, TimesOfTheDayAreLocal) {
  setenv("TZ", "UTC-2", 1);
  tzset();
  EXPECT_EQ(local_time(1'700'000'000'000), "2023-11-15 00:13:20");
  EXPECT_EQ(local_time(0), "");
}

}  // namespace
}  // namespace lectern
