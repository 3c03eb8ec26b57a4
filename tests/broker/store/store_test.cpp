// The store's promises: only legal transitions, counts that agree with the segments, fencing, restart, damaged files.
#include "broker/store/store.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/broker/store/store_fixture.h"

namespace lectern {
namespace {

TEST(States, OnlyTheDrawnTransitionsOfJobsAreLegal) {
  // Rows: events; columns: held, queued, running, publishing, done, failed, cancelled. "-" is refused.
  struct Row {
    JobEvent event;
    const char* to[7];
  };
  const Row rows[] = {
      {JobEvent::pause, {"-", "held", "held", "-", "-", "-", "-"}},
      {JobEvent::resume, {"queued", "-", "-", "-", "-", "-", "-"}},
      {JobEvent::lease, {"-", "running", "running", "-", "-", "-", "-"}},
      {JobEvent::idle, {"-", "-", "queued", "-", "-", "-", "-"}},
      {JobEvent::spoken, {"-", "publishing", "publishing", "-", "-", "-", "-"}},
      {JobEvent::takes_missing, {"-", "-", "-", "queued", "-", "-", "-"}},
      {JobEvent::publish, {"-", "-", "-", "done", "-", "-", "-"}},
      {JobEvent::fail, {"-", "failed", "failed", "failed", "-", "-", "-"}},
      {JobEvent::retry, {"-", "-", "-", "-", "-", "queued", "-"}},
      {JobEvent::redo, {"-", "-", "-", "-", "queued", "queued", "-"}},
      {JobEvent::cancel, {"cancelled", "cancelled", "cancelled", "cancelled", "-", "-", "-"}},
  };
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(JobEvent::cancel) + 1);
  for (const Row& row : rows)
    for (int s = 0; s < 7; ++s) {
      const auto to = after(static_cast<JobState>(s), row.event);
      EXPECT_STREQ(to ? name(*to) : "-", row.to[s]) << name(static_cast<JobState>(s)) << " + " << name(row.event);
    }
}

TEST(States, OnlyTheDrawnTransitionsOfSegmentsAreLegal) {
  struct Row {
    SegmentEvent event;
    const char* to[4];  // waiting, leased, done, failed
  };
  const Row rows[] = {
      {SegmentEvent::lease, {"leased", "-", "-", "-"}},   {SegmentEvent::give_up, {"-", "waiting", "-", "-"}},
      {SegmentEvent::take, {"done", "done", "-", "-"}},   {SegmentEvent::fail, {"-", "failed", "-", "-"}},
      {SegmentEvent::retry, {"-", "-", "-", "waiting"}},  {SegmentEvent::take_lost, {"-", "-", "waiting", "-"}},
      {SegmentEvent::redo, {"waiting", "-", "waiting", "waiting"}},
  };
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(SegmentEvent::redo) + 1);
  for (const Row& row : rows)
    for (int s = 0; s < 4; ++s) {
      const auto to = after(static_cast<SegmentState>(s), row.event);
      EXPECT_STREQ(to ? name(*to) : "-", row.to[s]) << s << " + " << static_cast<int>(row.event);
    }
}

// The same in the database: an event that a state refuses changes nothing there.
TEST_F(StoreTest, EveryEventInEveryStateOfAJobIsFollowedOrChangesNothing) {
  constexpr int kStates = static_cast<int>(JobState::cancelled) + 1, kEvents = static_cast<int>(JobEvent::cancel) + 1;
  // Two segments; what a state needs done before it is reached.
  auto job_in = [&](JobState wanted, const std::string& id) {
    const auto job = submit(id, 2);
    const bool spoken = wanted == JobState::publishing || wanted == JobState::done;
    if (wanted == JobState::running) lease(job);
    for (int i = 0; spoken && i < 2; ++i) EXPECT_TRUE(speak(lease(job)));
    if (wanted == JobState::held) {
      EXPECT_TRUE(store->change(job, JobEvent::pause));
    }
    if (wanted == JobState::done) store->finish_publishing(job, "/out/" + id + ".flac", 2);
    if (wanted == JobState::failed) {
      for (int i = 0; i < 2; ++i) EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
    }
    if (wanted == JobState::cancelled) {
      EXPECT_TRUE(store->change(job, JobEvent::cancel));
    }
    store->commit();
    EXPECT_EQ(state(job), wanted) << id;
    return job;
  };
  for (int s = 0; s < kStates; ++s)
    for (int e = 0; e < kEvents; ++e) {
      const auto from = static_cast<JobState>(s);
      const auto event = static_cast<JobEvent>(e);
      SCOPED_TRACE(std::string(name(from)) + " + " + name(event));
      const auto job = job_in(from, std::string(name(from)) + "-" + name(event));
      const auto lines = store->history(job).size();
      const auto to = after(from, event);
      EXPECT_EQ(store->change(job, event), to.has_value());
      store->commit();
      EXPECT_EQ(state(job), to.value_or(from));
      if (!to) {
        EXPECT_EQ(store->history(job).size(), lines);
      }
    }
}

TEST_F(StoreTest, EveryEventInEveryStateOfASegmentIsFollowedOrChangesNothing) {
  // A job of one segment in that state, and the last lease of it; a segment that never had one has {id, 0}.
  struct Case {
    std::uint64_t job;
    protocol::Lease lease;
  };
  auto segment_in = [&](SegmentState wanted, const std::string& id) {
    Case c{submit(id, 1), {}};
    c.lease = lease(c.job);
    if (wanted == SegmentState::waiting) {
      EXPECT_TRUE(store->end_lease(c.lease, Blame::nobody, "", 3));
    }
    if (wanted == SegmentState::done) {
      EXPECT_TRUE(speak(c.lease));
    }
    if (wanted == SegmentState::failed) {
      EXPECT_TRUE(store->end_lease(c.lease, Blame::final, "no", 3));
    }
    store->commit();
    return c;
  };
  auto state_of = [&](std::uint64_t job) {
    SegmentState found{};
    store->for_each_segment(job, [&](const SegmentRow& row) { found = row.state; });
    return found;
  };
  struct Row {
    SegmentEvent event;
    std::function<void(const Case&)> happens;
  };
  const Row rows[] = {
      {SegmentEvent::lease, [&](const Case& c) { store->claim(c.job, "w2", 1, true); }},
      {SegmentEvent::give_up, [&](const Case& c) { store->end_lease(c.lease, Blame::nobody, "", 3); }},
      {SegmentEvent::take, [&](const Case& c) { speak(c.lease); }},
      {SegmentEvent::fail, [&](const Case& c) { store->end_lease(c.lease, Blame::final, "no", 3); }},
      {SegmentEvent::retry, [&](const Case& c) { store->change(c.job, JobEvent::retry); }},
      {SegmentEvent::take_lost, [&](const Case& c) { store->lose_takes(c.job, {take_of(c.job)}); }},
  };
  ASSERT_EQ(std::size(rows), static_cast<std::size_t>(SegmentEvent::take_lost) + 1);
  for (int s = 0; s < 4; ++s)
    for (const Row& row : rows) {
      const auto from = static_cast<SegmentState>(s);
      const auto number = std::to_string(static_cast<int>(row.event));
      SCOPED_TRACE(std::string(name(from)) + " + event " + number);
      const Case c = segment_in(from, std::string(name(from)) + "-event-" + number);
      row.happens(c);
      store->commit();
      const auto to = after(from, row.event).value_or(from);
      EXPECT_EQ(state_of(c.job), to);
      expect_counts(c.job, to == SegmentState::waiting, to == SegmentState::leased, to == SegmentState::done,
                    to == SegmentState::failed);
    }
}

TEST_F(StoreTest, ACommittedJobSurvivesAndAnUncommittedOneLeavesNothing) {
  submit("job-committed", 2);
  NewJob job;
  job.job_id = "job-uncommitted";
  job.batch_id = "batch-0002";
  store->add_job(job);
  store->rollback();
  open();
  EXPECT_TRUE(store->find_job("job-committed"));
  EXPECT_FALSE(store->find_job("job-uncommitted"));
}

TEST_F(StoreTest, TheSameSubmitTwiceIsOneJob) {
  const auto number = submit("job-00001", 1);
  NewJob again;
  again.job_id = "job-00001";
  again.batch_id = "batch-9999";
  const auto added = store->add_job(again);
  EXPECT_TRUE(added.known);
  EXPECT_EQ(added.number, number);
}

TEST_F(StoreTest, AJobGoesFromQueuedToDone) {
  const auto job = submit("job-00001", 2);
  EXPECT_EQ(state(job), JobState::queued);
  const auto first = lease(job), second = lease(job);
  EXPECT_EQ(state(job), JobState::running);
  EXPECT_TRUE(speak(first));
  expect_counts(job, 0, 1, 1, 0);
  EXPECT_TRUE(speak(second));
  EXPECT_EQ(state(job), JobState::publishing);
  store->finish_publishing(job, "/out/x.flac", 2.5);
  EXPECT_EQ(state(job), JobState::done);
  EXPECT_EQ(store->job(job)->output, "/out/x.flac");
}

TEST_F(StoreTest, AnAnswerFromALeaseThatWasGivenUpAndLeasedAgainIsRefused) {
  const auto job = submit("job-00001", 1);
  const auto old = lease(job, "w1");
  store->end_lease(old, Blame::nobody, "silent", 3);
  store->commit();
  EXPECT_EQ(state(job), JobState::queued);
  const auto fresh = lease(job, "w2");
  EXPECT_GT(fresh.attempt, old.attempt);
  EXPECT_FALSE(speak(old, "w1"));
  EXPECT_FALSE(store->end_lease(old, Blame::final, "late failure", 3));
  EXPECT_TRUE(speak(fresh, "w2"));
  EXPECT_FALSE(store->take_done(fresh)) << "a take counts once";
  expect_counts(job, 0, 0, 1, 0);
}

TEST_F(StoreTest, AJobThatIsLeasedAgainInTheSameTransactionWasNeverIdle) {
  const auto job = submit("job-00001", 3);
  auto held = lease(job);
  store->commit();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(speak(held));
    held = lease(job);
    store->commit();
    EXPECT_EQ(state(job), JobState::running);
  }
  std::string told;
  for (const auto& event : store->history(job)) told += event.what + "|";
  EXPECT_EQ(told, "submitted|cut into 3 segments|running|");
  store->end_lease(held, Blame::nobody, "", 3);
  store->rollback();
  store->commit();
  EXPECT_EQ(state(job), JobState::running) << "what was undone leaves nothing behind";
  store->end_lease(held, Blame::nobody, "", 3);
  EXPECT_EQ(store->take_changed().count(job), 1u);
  EXPECT_EQ(state(job), JobState::queued);
}

TEST_F(StoreTest, ALateAnswerCountsWhenNobodyTookTheSegmentSince) {
  const auto job = submit("job-00001", 1);
  const auto late = lease(job, "w1");
  store->end_lease(late, Blame::nobody, "silent", 3);
  EXPECT_TRUE(speak(late, "w1"));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(StoreTest, ASegmentFailsAfterMaxAttemptsAndFailsOnlyItsJob) {
  const auto poison = submit("job-poison", 2), other = submit("job-other1", 1);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(state(poison) == JobState::failed, false);
    EXPECT_TRUE(store->end_lease(lease(poison), Blame::segment, "it broke", 3));
  }
  expect_counts(poison, 1, 0, 0, 1);
  EXPECT_TRUE(speak(lease(poison)));
  EXPECT_EQ(state(poison), JobState::failed);
  const auto view = store->view(*store->job(poison));
  ASSERT_EQ(view.failures.size(), 1u);
  EXPECT_EQ(view.failures[0].text, "ten chars0");
  EXPECT_EQ(view.failures[0].reason, "it broke");
  EXPECT_EQ(state(other), JobState::queued);
}

TEST_F(StoreTest, RetrySpeaksOnlyWhatIsMissing) {
  const auto job = submit("job-00001", 3);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "cannot be spoken", 3));
  EXPECT_TRUE(speak(lease(job)));
  ASSERT_EQ(state(job), JobState::failed);
  EXPECT_TRUE(store->change(job, JobEvent::retry));
  expect_counts(job, 1, 0, 2, 0);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(StoreTest, AnInnocentNeighbourOfAPoisonSegmentIsNotBlamed) {
  const auto job = submit("job-00001", 2);
  const auto a = lease(job), b = lease(job);
  store->end_lease(a, Blame::suspect, "the engine died", 3);
  store->end_lease(b, Blame::suspect, "the engine died", 3);
  const auto alone = store->claim(job, "w1", 4, true);
  ASSERT_EQ(alone.size(), 1u) << "a suspect is tried alone";
  EXPECT_TRUE(alone[0].suspect);
  EXPECT_TRUE(store->claim(job, "w2", 4, false).empty()) << "nor beside others";
  EXPECT_TRUE(speak(alone[0].work.lease));
}

TEST_F(StoreTest, ASegmentEndsNoMoreEnginesThanItHasTries) {
  constexpr int kTries = 3;
  const auto job = submit("job-00001", 0);
  const std::string text = "The first half of it is fine, and the second half is what nobody can say.";
  store->set_segments(job, {{0, 80, "end", text, "take-a", 1}, {80, 90, "end", "A neighbour.", "take-b", 2}}, "[]",
                      "hash");
  int deaths = 1;  // with its neighbour
  const auto bad = lease(job), neighbour = lease(job);
  for (const auto& held : {bad, neighbour}) EXPECT_TRUE(store->end_lease(held, Blame::suspect, "died", kTries));
  while (true) {
    const auto claims = store->claim(job, "w1", 1, true);
    if (claims.empty()) break;
    if (claims[0].work.text.find("nobody") == std::string::npos) {
      EXPECT_TRUE(speak(claims[0].work.lease));
      continue;
    }
    ++deaths;
    EXPECT_TRUE(store->end_lease(claims[0].work.lease, Blame::death, "died", kTries));
  }
  EXPECT_EQ(deaths, kTries);
  EXPECT_EQ(state(job), JobState::failed);
  const auto failures = store->view(*store->job(job)).failures;
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].text, "and the second half is what nobody can say.");
}

TEST_F(StoreTest, RestartGivesLeasesBackAndKeepsTakesHeldAndPublishing) {
  const auto running = submit("job-00001", 3), held = submit("job-00002", 1), publishing = submit("job-00003", 1);
  EXPECT_TRUE(speak(lease(running)));
  lease(running);
  EXPECT_TRUE(store->change(held, JobEvent::pause));
  EXPECT_TRUE(speak(lease(publishing)));
  store->commit();
  open();
  store->restart();
  EXPECT_EQ(state(running), JobState::queued);
  expect_counts(running, 2, 0, 1, 0);
  EXPECT_EQ(state(held), JobState::held);
  EXPECT_EQ(state(publishing), JobState::publishing);
}

TEST_F(StoreTest, APausedJobKeepsTakesThatComeInAndGoesOnWhenResumed) {
  const auto job = submit("job-00001", 1);
  const auto out = lease(job);
  EXPECT_TRUE(store->change(job, JobEvent::pause, "paused"));
  EXPECT_TRUE(speak(out));
  EXPECT_EQ(state(job), JobState::held);
  EXPECT_TRUE(store->change(job, JobEvent::resume));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(StoreTest, WhatIsSpokenOnceServesEveryJobThatAsksForTheSame) {
  const auto first = submit("job-00001", 1);
  EXPECT_TRUE(speak(lease(first)));
  NewJob copy;
  copy.job_id = "job-00002";
  copy.batch_id = "batch-0001";
  copy.model = "sine";
  const auto second = store->add_job(copy).number;
  store->set_segments(second, {{0, 4, "end", "ten chars0", "job-000010", 1}}, "[]", "hash");
  EXPECT_EQ(state(second), JobState::publishing);
}

TEST_F(StoreTest, TakesThatPublishingMissesAreSpokenAgain) {
  const auto job = submit("job-00001", 2);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_TRUE(speak(lease(job)));
  ASSERT_EQ(state(job), JobState::publishing);
  store->lose_takes(job, {"job-000011"});
  EXPECT_EQ(state(job), JobState::queued);
  expect_counts(job, 1, 0, 1, 0);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::publishing);
}

TEST_F(StoreTest, ACancelledJobHandsNothingOutAndStaysCancelled) {
  const auto job = submit("job-00001", 2);
  const auto out = lease(job);
  EXPECT_TRUE(store->change(job, JobEvent::cancel));
  store->end_lease(out, Blame::nobody, "", 3);
  EXPECT_TRUE(store->claim(job, "w1", 1, true).empty());
  EXPECT_TRUE(store->runnable({""}).empty());
  for (JobEvent event : {JobEvent::retry, JobEvent::resume, JobEvent::publish, JobEvent::fail})
    EXPECT_FALSE(store->change(job, event)) << name(event);
}

TEST_F(StoreTest, ASegmentThatKeepsFailingIsSplitOnceAndOnlyTheBadHalfFails) {
  const auto job = submit("job-00001", 0);
  const std::string text = "The first half of it is fine, and the second half is what nobody can say.";
  store->set_segments(job, {{0, 10, "sentence", "A sentence before.", "take-a", 1},
                            {10, 90, "paragraph", text, "take-b", 2},
                            {90, 100, "end", "A sentence behind.", "take-c", 3}},
                      "[]", "hash");
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_TRUE(store->end_lease(lease(job), Blame::segment, "it broke", 3));
  expect_counts(job, 2, 0, 1, 0);
  EXPECT_TRUE(store->end_lease(lease(job), Blame::segment, "it broke", 3));
  expect_counts(job, 3, 0, 1, 0);
  std::vector<SegmentRow> rows;
  store->for_each_segment(job, [&](const SegmentRow& row) { rows.push_back(row); });
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].spoken, "The first half of it is fine,");
  EXPECT_EQ(rows[1].pause, "clause");
  EXPECT_EQ(rows[2].spoken, "and the second half is what nobody can say.");
  EXPECT_EQ(rows[2].pause, "paragraph");
  EXPECT_EQ(rows[3].spoken, "A sentence behind.");
  EXPECT_EQ(rows[1].begin, 10u);
  EXPECT_EQ(rows[1].end, rows[2].begin);
  EXPECT_EQ(rows[2].end, 90u);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].index, i);
  EXPECT_NE(rows[1].take, rows[2].take);
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_TRUE(store->end_lease(lease(job), Blame::segment, "it broke", 3));
  EXPECT_TRUE(speak(lease(job)));
  EXPECT_EQ(state(job), JobState::failed);
  const auto view = store->view(*store->job(job));
  ASSERT_EQ(view.failures.size(), 1u);
  EXPECT_EQ(view.failures[0].text, rows[2].spoken);
}

}  // namespace
}  // namespace lectern
