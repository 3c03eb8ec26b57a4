// Redo: only what is asked for is spoken again, nothing of the old takes is taken for the new, and counts agree.
#include "tests/broker/store/store_fixture.h"

namespace lectern {
namespace {

class RedoTest : public StoreTest {
 protected:
  std::uint64_t done(const std::string& id, int segments) {
    const auto job = submit(id, segments);
    for (int i = 0; i < segments; ++i) EXPECT_TRUE(speak(lease(job)));
    store->finish_publishing(job, "/out/" + id + ".flac", 3);
    EXPECT_EQ(state(job), JobState::done);
    return job;
  }
  static Store::NewTake anew(std::uint64_t index, const std::string& spoken = "other text") {
    return {index, 77, spoken, "redone-" + spoken, true};
  }
};

TEST_F(RedoTest, OnlyTheNamedSegmentIsSpokenAgain) {
  const auto job = done("job-00001", 3);
  const auto redone = store->redo(job, "redo-0001", {anew(1)});
  ASSERT_TRUE(redone);
  EXPECT_EQ(redone->to_speak, 1u);
  EXPECT_EQ(redone->lost, 0u);
  EXPECT_EQ(state(job), JobState::queued);
  expect_counts(job, 1, 0, 2, 0);
  EXPECT_EQ(store->job(job)->audio_s, 2) << "what is spoken so far, not the former file's length";
  EXPECT_EQ(store->job(job)->edition, 1u);
  const auto claims = store->claim(job, "w1", 5, true);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].work.text, "other text");
  EXPECT_EQ(claims[0].work.seed, 77u);
  EXPECT_TRUE(speak(claims[0].work.lease));
  EXPECT_EQ(state(job), JobState::publishing);
  expect_counts(job, 0, 0, 3, 0);
  std::vector<bool> edited;
  store->for_each_segment(job, [&](const SegmentRow& row) { edited.push_back(row.edited); });
  EXPECT_EQ(edited, (std::vector{false, true, false}));
}

TEST_F(RedoTest, AnAnswerToTheOldTakeIsNotTakenForTheNewOne) {
  const auto job = submit("job-00001", 1);
  const auto old = lease(job);
  EXPECT_TRUE(speak(old));
  store->finish_publishing(job, "/out/a.flac", 1);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0)}));
  EXPECT_FALSE(store->held(old, "w1"));
  EXPECT_FALSE(speak(old));
  expect_counts(job, 1, 0, 0, 0);
}

TEST_F(RedoTest, ATakeThatIsThereAlreadyIsPublishedAtOnce) {
  const auto job = done("job-00001", 2);
  store->add_take({"redone-known", "{}", 48000, 100, 24000, 0.5});
  const auto redone = store->redo(job, "redo-0001", {anew(0, "known")});
  ASSERT_TRUE(redone);
  EXPECT_EQ(redone->to_speak, 0u);
  EXPECT_EQ(state(job), JobState::publishing);
  EXPECT_EQ(store->job(job)->audio_s, 3);
}

TEST_F(RedoTest, TakesThatWerePrunedAreSpokenAgain) {
  const auto job = done("job-00001", 3);
  protocol::Prune takes;
  takes.takes_max_bytes = 100;
  EXPECT_EQ(store->prune(takes).counts.takes, 2u);
  const auto redone = store->redo(job, "redo-0001", {anew(2)});
  ASSERT_TRUE(redone);
  EXPECT_EQ(redone->to_speak, 3u);
  EXPECT_EQ(redone->lost, 2u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(RedoTest, OfAFailedJobLeavesItsOtherFailuresAsTheyAre) {
  const auto job = submit("job-00001", 3);
  EXPECT_TRUE(speak(lease(job)));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
  ASSERT_EQ(state(job), JobState::failed);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(1)}));
  expect_counts(job, 1, 0, 1, 1);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::failed);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(2, "third")}));
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(RedoTest, OfWhatHasNotEndedIsRefusedAndChangesNothing) {
  const auto waiting = submit("job-00001", 1), cancelled = submit("job-00002", 1);
  store->change(cancelled, JobEvent::cancel);
  for (const auto job : {waiting, cancelled, std::uint64_t{999}})
    EXPECT_FALSE(store->redo(job, "redo-0001", {anew(0)}));
  EXPECT_EQ(store->claim(waiting, "w1", 1, true).at(0).work.text, "ten chars0");
}

TEST_F(RedoTest, ThatFailsCanBeRetriedAndRedoneAgain) {
  const auto job = done("job-00001", 2);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0)}));
  EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
  EXPECT_EQ(state(job), JobState::failed);
  EXPECT_TRUE(store->change(job, JobEvent::retry));
  expect_counts(job, 1, 0, 1, 0);
  EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0, "shorter")}));
  EXPECT_EQ(store->job(job)->edition, 2u);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(RedoTest, IsKeptThroughARestartAndUndoneByARollback) {
  const auto job = done("job-00001", 2);
  store->commit();
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0)}));
  store->rollback();
  EXPECT_EQ(state(job), JobState::done);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0)}));
  lease(job);
  store->commit();
  store.reset();
  open();
  store->restart();
  EXPECT_EQ(state(job), JobState::queued);
  EXPECT_EQ(store->claim(job, "w2", 1, true).at(0).work.text, "other text");
}

TEST_F(RedoTest, NoLongerOverwritesWhatIsNotItsOwn) {
  NewJob wish;
  wish.job_id = "job-00001";
  wish.batch_id = "batch-0001";
  wish.model = "sine";
  wish.overwrite = true;
  const auto job = store->add_job(wish).number;
  store->set_segments(job, {{0, 4, "end", "text", "key", 1}}, "[]", "hash");
  EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0)}));
  EXPECT_TRUE(store->job(job)->overwrite) << "it has published nothing yet";
  EXPECT_TRUE(speak(lease(job)));
  store->finish_publishing(job, "/out/a.flac", 1);
  ASSERT_TRUE(store->redo(job, "redo-0001", {anew(0, "again")}));
  EXPECT_FALSE(store->job(job)->overwrite);
}

}  // namespace
}  // namespace lectern
