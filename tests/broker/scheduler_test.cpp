// Who speaks next: priority, fair share, age, and staying with a model.
#include "broker/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace lectern {
namespace {

RunnableJob job(std::uint64_t number, std::uint64_t batch, std::uint64_t waiting, std::int64_t priority = 0,
                const std::string& model = "a", std::int64_t submitted_ms = 0) {
  return {number, batch, waiting, priority, submitted_ms ? submitted_ms : static_cast<std::int64_t>(number), model, ""};
}

std::map<std::uint64_t, std::uint64_t> given(const std::vector<RunnableJob>& jobs, const WorkerRoom& room,
                                             const std::vector<BatchShare>& served = {}, std::int64_t now_ms = 1000) {
  std::map<std::uint64_t, std::uint64_t> segments;
  for (const Assignment& a : schedule(jobs, {room}, served, now_ms, {})) segments[a.job] += a.segments;
  return segments;
}

using Given = std::map<std::uint64_t, std::uint64_t>;

TEST(Scheduler, NeverGivesMoreThanRoomOrWork) {
  EXPECT_EQ(given({job(1, 1, 10)}, {"w", "", 0, 4}), (Given{{1, 4}}));
  EXPECT_EQ(given({job(1, 1, 2)}, {"w", "", 0, 4}), (Given{{1, 2}}));
  EXPECT_TRUE(given({job(1, 1, 2)}, {"w", "", 4, 0}).empty());
  EXPECT_TRUE(given({}, {"w", "", 0, 4}).empty());
}

TEST(Scheduler, PriorityComesBeforeAge) {
  EXPECT_EQ(given({job(1, 1, 9), job(2, 1, 9, 5)}, {"w", "", 0, 3}), (Given{{2, 3}}));
}

TEST(Scheduler, BatchesOfTheSamePriorityShare) {
  EXPECT_EQ(given({job(1, 1, 9), job(2, 2, 9)}, {"w", "", 0, 4}), (Given{{1, 2}, {2, 2}}));
  EXPECT_EQ(given({job(1, 1, 9), job(2, 2, 9)}, {"w", "", 0, 2}, {{1, 5000}}), (Given{{2, 2}}));
}

TEST(Scheduler, JobsOfOneBatchGoByAge) {
  EXPECT_EQ(given({job(2, 1, 9), job(1, 1, 2)}, {"w", "", 0, 4}), (Given{{1, 2}, {2, 2}}));
}

TEST(Scheduler, AWorkerStaysWithItsModelWhileItHasWork) {
  EXPECT_EQ(given({job(1, 1, 9, 0, "a"), job(2, 1, 9, 0, "b")}, {"w", "b", 0, 2}), (Given{{2, 2}}));
}

TEST(Scheduler, AWorkerNeverMixesModels) {
  EXPECT_TRUE(given({job(1, 1, 9, 0, "a")}, {"w", "b", 1, 3}).empty()) << "it finishes the old model first";
  EXPECT_EQ(given({job(1, 1, 1, 0, "a"), job(2, 1, 9, 0, "b")}, {"w", "", 0, 4}), (Given{{1, 1}}));
}

TEST(Scheduler, AHigherPriorityOfAnotherModelTakesTheWorkerOver) {
  EXPECT_EQ(given({job(1, 1, 9, 0, "a"), job(2, 1, 9, 3, "b")}, {"w", "a", 0, 2}), (Given{{2, 2}}));
  EXPECT_TRUE(given({job(1, 1, 9, 0, "a"), job(2, 1, 9, 3, "b")}, {"w", "a", 1, 2}).empty()) << "after what it holds";
}

TEST(Scheduler, AnOlderJobOfAnotherModelWaitsNoLongerThanAllowed) {
  const std::vector<RunnableJob> jobs{job(1, 1, 9, 0, "b", 1000), job(2, 2, 9, 0, "a", 2000)};
  EXPECT_EQ(given(jobs, {"w", "a", 0, 1}, {}, 500'000), (Given{{2, 1}}));
  EXPECT_EQ(given(jobs, {"w", "a", 0, 1}, {}, 700'000), (Given{{1, 1}}));
  WorkerRoom fresh{"w", "a", 0, 1};
  fresh.model_since_ms = 650'000;
  EXPECT_EQ(given(jobs, fresh, {}, 700'000), (Given{{2, 1}})) << "a model that was just loaded has its time";
}

TEST(Scheduler, AWorkerWithASegmentThatMustBeAloneGetsNothing) {
  WorkerRoom room{"w", "a", 1, 3};
  room.exclusive = true;
  EXPECT_TRUE(given({job(1, 1, 9)}, room).empty());
}

TEST(Scheduler, AModelThatAWorkerCannotTakeIsLeftToOthers) {
  WorkerRoom small{"w", "", 0, 4};
  small.refuses = {"a"};
  EXPECT_EQ(given({job(1, 1, 9), job(2, 1, 9, 0, "b")}, small), (Given{{2, 4}}));
  EXPECT_TRUE(given({job(1, 1, 9)}, small).empty());
}

TEST(Scheduler, WorkGoesFirstToTheWorkerThatHasItsModel) {
  const std::vector<WorkerRoom> rooms = {{"cold", "", 0, 4}, {"other", "b", 0, 4}, {"warm", "a", 0, 4}};
  std::map<std::size_t, std::uint64_t> segments;
  for (const Assignment& a : schedule({job(1, 1, 5)}, rooms, {}, 1000, {})) segments[a.worker] += a.segments;
  EXPECT_EQ(segments, (std::map<std::size_t, std::uint64_t>{{0, 1}, {2, 4}}))
      << "the rest goes to the one that is free";
}

// One worker, one segment a second; two hundred jobs of two models that were submitted in turns.
TEST(Scheduler, TwoModelsInTurnsChangeTheEngineNoMoreOftenThanMaxModelWaitAllows) {
  constexpr std::int64_t kEnd_s = 3600;
  ScheduleOptions options;
  options.max_model_wait_ms = 300'000;
  std::vector<RunnableJob> jobs;
  for (std::uint64_t number = 1; number <= 200; ++number) jobs.push_back(job(number, 1, 30, 0, number % 2 ? "a" : "b"));
  WorkerRoom room{"w", "", 0, 1};
  std::map<std::string, std::int64_t> longest_wait_s, last_spoken_s;
  int changes = 0;
  for (std::int64_t second = 1; second <= kEnd_s; ++second) {
    const auto assigned = schedule(jobs, {room}, {}, second * 1000, options);
    ASSERT_EQ(assigned.size(), 1u);
    const auto chosen =
        std::find_if(jobs.begin(), jobs.end(), [&](const RunnableJob& j) { return j.number == assigned[0].job; });
    ASSERT_NE(chosen, jobs.end());
    if (chosen->model != room.model) {
      ++changes;
      room.model = chosen->model;
      room.model_since_ms = second * 1000;
    }
    auto& last = last_spoken_s[chosen->model];
    auto& longest = longest_wait_s[chosen->model];
    longest = std::max(longest, second - last);
    last = second;
    if (--chosen->waiting == 0) jobs.erase(chosen);
  }
  EXPECT_LE(changes, 1 + kEnd_s / 300);
  EXPECT_GE(changes, 2) << "neither model is left waiting for ever";
  EXPECT_LE(longest_wait_s["a"], 302);
  EXPECT_LE(longest_wait_s["b"], 302);
}

}  // namespace
}  // namespace lectern
