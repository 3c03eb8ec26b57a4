// What will run when: windows, order, predecessors, and what does not fit.
#include "broker/plan.h"

#include <gtest/gtest.h>

namespace lectern {
namespace {

constexpr std::int64_t kHour = 3'600'000;

PlannedJob job(std::uint64_t number, double hours, const When& when = {}, std::int64_t priority = 0) {
  return {number, priority, hours * 3600, when, false};
}

// Hours from 0; rounded, because every end is a millisecond late.
struct Row {
  std::uint64_t number;
  double start, end;
  bool operator==(const Row&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << "#" << row.number << " " << row.start << "-" << row.end;
}

std::vector<Row> rows(const std::vector<PlannedJob>& jobs, double until, const Openings& openings = {}) {
  std::vector<Row> list;
  auto hours = [](std::int64_t ms) { return static_cast<double>((ms + 500) / 1000) / 3600; };
  for (const PlannedRun& run : plan(jobs, openings, kHour, static_cast<std::int64_t>((until + 1) * kHour)))
    list.push_back(
        {run.number, run.start_ms ? hours(run.start_ms - kHour) : -1, run.end_ms ? hours(run.end_ms - kHour) : -1});
  return list;
}

Openings night(double from, double to) {
  return {{"night", {{static_cast<std::int64_t>((from + 1) * kHour), static_cast<std::int64_t>((to + 1) * kHour)}}}};
}

using Rows = std::vector<Row>;

TEST(Plan, JobsRunOneAfterTheOtherByPriorityAndAge) {
  EXPECT_EQ(rows({job(1, 1), job(2, 2), job(3, 1, {}, 5)}, 10), (Rows{{3, 0, 1}, {1, 1, 2}, {2, 2, 4}}));
}

TEST(Plan, AJobWaitsForItsWindowAndOthersGoFirst) {
  EXPECT_EQ(rows({job(1, 2, {"night"}), job(2, 1)}, 24, night(8, 16)), (Rows{{2, 0, 1}, {1, 8, 10}}));
}

TEST(Plan, WhatAWindowCutsShortGoesOnWhenItOpensAgain) {
  const Openings two{{"night", {{2 * kHour, 3 * kHour}, {5 * kHour, 9 * kHour}}}};
  EXPECT_EQ(rows({job(1, 3, {"night"})}, 24, two), (Rows{{1, 1, 6}}));
}

TEST(Plan, WhatDoesNotFitHasNoEndAndWhatDoesNotStartComesLast) {
  const auto jobs = {job(1, 6, {"night"}), job(2, 6, {"night"}), job(3, 1, {"night"}), job(4, 1, {"nap"})};
  EXPECT_EQ(rows(jobs, 16, night(8, 16)), (Rows{{1, 8, 14}, {2, 14, -1}, {3, -1, -1}, {4, -1, -1}}));
  const auto runs = plan(jobs, night(8, 16), kHour, 17 * kHour);
  EXPECT_NEAR(runs[1].worked_s, 2 * 3600, 1);
}

TEST(Plan, AJobOfHigherPriorityTakesOverWhenItsTimeComes) {
  EXPECT_EQ(rows({job(1, 4), job(2, 1, {"", 3 * kHour}, 5)}, 10), (Rows{{1, 0, 5}, {2, 2, 3}}));
}

TEST(Plan, ASuccessorStartsWhenItsPredecessorEnds) {
  EXPECT_EQ(rows({job(1, 1, {"night"}), job(2, 1, {"", 0, 0, 1}), job(3, 1, {"", 0, 0, 99})}, 12, night(8, 16)),
            (Rows{{3, 0, 1}, {1, 8, 9}, {2, 9, 10}}));
}

TEST(Plan, AHeldJobDoesNotRunNorWhatWaitsForIt) {
  auto held = job(1, 1);
  held.held = true;
  EXPECT_EQ(rows({held, job(2, 1, {"", 0, 0, 1})}, 10), (Rows{{1, -1, -1}, {2, -1, -1}}));
}

TEST(Plan, OfNothingIsNothing) {
  EXPECT_TRUE(rows({}, 10).empty());
  EXPECT_EQ(rows({job(1, 0)}, 10), (Rows{{1, 0, 0}}));
}

TEST(Plan, OpenTimeIsCountedInsideTheSpanAlone) {
  EXPECT_EQ(seconds_open({{1000, 5000}, {7000, 9000}}, 2000, 8000), 4);
  EXPECT_EQ(seconds_open({{1000, 5000}}, 6000, 8000), 0);
  EXPECT_EQ(seconds_open({}, 0, 8000), 0);
}

}  // namespace
}  // namespace lectern
