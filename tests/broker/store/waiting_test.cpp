// What the store finds to be done next: selections, what may run and when, whose work is held.
#include <gtest/gtest.h>

#include "tests/broker/store/store_fixture.h"

namespace lectern {
namespace {

TEST_F(StoreTest, SelectionsNameJobsByNumberIdAndBatchAndRefuseWhatIsUnknown) {
  const auto a = submit("aaaa-0001", 1, "batch-000a"), b = submit("bbbb-0001", 1, "batch-000b");
  EXPECT_EQ(store->select({{std::to_string(a)}, "", false}, false), std::vector{a});
  EXPECT_EQ(store->select({{"bbbb"}, "", false}, false), std::vector{b});
  EXPECT_EQ(store->select({{}, "batch-000b", false}, false), std::vector{b});
  EXPECT_EQ(store->select({{}, "", true}, true).size(), 2u);
  EXPECT_EQ(store->select({{}, "", true}, true, 1), std::vector{a});
  EXPECT_THROW(store->select({{"999"}, "", false}, false), Fault);
  EXPECT_THROW(store->select({{"zzzz"}, "", false}, false), Fault);
  EXPECT_THROW(store->select({{}, "batch-000z", false}, false), Fault);
}

TEST_F(StoreTest, JobsThatComeWhileEverythingIsPausedAreHeldFromTheStart) {
  const auto before = submit("job-00001", 1);
  EXPECT_EQ(store->new_held_since(), 0);
  store->hold_new();
  store->commit();
  const auto held_since = store->new_held_since();
  EXPECT_EQ(held_since, clock.now);
  clock.now += 1000;
  store->hold_new();
  const auto held = submit("job-00002", 1);
  EXPECT_EQ(store->job(held)->state, JobState::held);
  EXPECT_EQ(runnable({""}), std::vector{before}) << "what was there is the caller's to pause";
  EXPECT_EQ(store->new_held_since(), held_since);
  EXPECT_TRUE(store->change(held, JobEvent::resume));
  EXPECT_EQ(runnable({""}), (std::vector{before, held}));

  open();
  EXPECT_EQ(store->job(submit("job-00003", 1))->state, JobState::held) << "after a restart too";
  EXPECT_TRUE(store->resume_new());
  store->rollback();
  EXPECT_EQ(store->new_held_since(), held_since) << "what was undone was not so";
  EXPECT_TRUE(store->resume_new());
  EXPECT_FALSE(store->resume_new());
  EXPECT_EQ(store->job(submit("job-00004", 1))->state, JobState::queued);
}

TEST_F(StoreTest, EveryBatchIsSeenByTheSchedulerEvenBehindAThousandJobs) {
  for (int i = 0; i < 300; ++i) submit("job-big-" + std::to_string(i), 1, "batch-big0");
  const auto late = submit("job-small0", 1, "batch-small");
  bool seen = false;
  for (const RunnableJob& job : store->runnable({""})) seen |= job.number == late;
  EXPECT_TRUE(seen);
}

TEST_F(StoreTest, OnlyJobsOfOpenWindowsAreRunnableEvenBehindAThousandOthers) {
  for (int i = 0; i < 100; ++i) submit("job-night" + std::to_string(i), 1, "batch-night", {"night"});
  const auto day = submit("job-day-01", 1, "batch-day-1", {}), nap = submit("job-nap-01", 1, "batch-nap-1", {"nap"});
  EXPECT_EQ(runnable({""}), std::vector{day});
  EXPECT_EQ(runnable({"", "nap"}), (std::vector{day, nap}));
  EXPECT_GE(runnable({"", "night"}).size(), 33u);
  EXPECT_EQ(runnable({"night"}).front(), 1u);
}

TEST_F(StoreTest, AJobIsNotRunnableBeforeItsTime) {
  const auto job = submit("job-00001", 1, "batch-0001", {"", clock.now + 1000});
  EXPECT_TRUE(runnable({""}).empty());
  EXPECT_EQ(store->next_not_before(), clock.now + 1000);
  clock.now += 1000;
  EXPECT_EQ(runnable({""}), std::vector{job});
  EXPECT_EQ(store->next_not_before(), INT64_MAX);
}

TEST_F(StoreTest, AJobWaitsUntilTheOneBeforeItHasEndedHoweverItEnded) {
  for (const JobEvent end : {JobEvent::cancel, JobEvent::fail, JobEvent::publish}) {
    const std::string letter(1, static_cast<char>('a' + static_cast<int>(end)));
    const auto first = submit("first-000" + letter, 1);
    const auto second = submit("second-00" + letter, 1, "batch-0001", {"", 0, 0, first});
    EXPECT_EQ(runnable({""}), std::vector{first});
    EXPECT_TRUE(store->change(first, JobEvent::pause));
    EXPECT_TRUE(runnable({""}).empty()) << "a held job has not ended";
    EXPECT_TRUE(store->change(first, JobEvent::resume));
    if (end == JobEvent::publish) {
      EXPECT_TRUE(speak(lease(first)));
    }
    EXPECT_TRUE(store->change(first, end));
    EXPECT_EQ(runnable({""}), std::vector{second}) << name(end);
    EXPECT_TRUE(store->change(second, JobEvent::cancel));
  }
}

TEST_F(StoreTest, AForgottenPredecessorHoldsNobodyUp) {
  const auto first = submit("job-first1", 1);
  const auto second = submit("job-second", 1, "batch-0001", {"", 0, 0, first});
  EXPECT_TRUE(store->change(first, JobEvent::cancel));
  protocol::Prune all;
  all.jobs_older_s = 0;
  clock.now += 1;
  EXPECT_EQ(store->prune(all).counts.jobs, 1u);
  EXPECT_EQ(runnable({""}), std::vector{second});
}

TEST_F(StoreTest, RunNowTakesAwayWhateverAJobWaitsFor) {
  const auto first = submit("job-first1", 1, "batch-0001", {"night"});
  const auto job = submit("job-second", 1, "batch-0001", {"night", clock.now + 1000, 5, first});
  store->run_now(job);
  EXPECT_EQ(runnable({""}), std::vector{job});
  EXPECT_EQ(store->job(job)->when.by_ms, 5);
}

TEST_F(StoreTest, AnUnloadedModelStaysUnloadedOverARestartAndAnUndoneTransaction) {
  store->hold_model("sine");
  store->rollback();
  EXPECT_TRUE(store->unloaded_models().empty());
  store->hold_model("sine");
  store->commit();
  open();
  store->restart();
  EXPECT_EQ(store->unloaded_models().count("sine"), 1u);
  store->release_model("sine");
  store->commit();
  open();
  EXPECT_TRUE(store->unloaded_models().empty());
}

TEST_F(StoreTest, TheNextWorkIsThatWhoseTimeComesFirst) {
  When late, early, night;
  late.not_before_ms = clock.now + 9000;
  early.not_before_ms = clock.now + 5000;
  night.window = "night";
  submit("job-late", 1, "batch-0001", late);
  submit("job-early", 1, "batch-0001", early);
  submit("job-night", 1, "batch-0001", night);
  ASSERT_TRUE(store->next_timed());
  EXPECT_EQ(store->next_timed()->at_ms, clock.now + 5000);
  EXPECT_EQ(store->next_timed()->model, "sine");
  EXPECT_EQ(store->first_model("night", clock.now), "sine");
  EXPECT_EQ(store->first_model("day", clock.now), "");
  clock.now += 6000;
  EXPECT_EQ(store->next_timed()->at_ms, clock.now + 3000);
}

TEST_F(StoreTest, WorkBeginsWhenItsTimeHasComeOrItsWindowOpens) {
  When timed, night;
  timed.not_before_ms = clock.now + 5000;
  night.window = "night";
  submit("job-timed", 1, "batch-0001", timed);
  submit("job-night", 1, "batch-0001", night);
  const std::int64_t unloaded = clock.now;
  EXPECT_FALSE(store->has_begun("sine", "", unloaded));
  EXPECT_FALSE(store->has_begun("sine", "night", unloaded)) << "it opened before";
  EXPECT_TRUE(store->has_begun("sine", "night", -1));
  EXPECT_FALSE(store->has_begun("bell", "night", -1));
  clock.now += 6000;
  EXPECT_TRUE(store->has_begun("sine", "", unloaded));
}

}  // namespace
}  // namespace lectern
