// The store's promises: only legal transitions, counts that agree with the segments, fencing, restart, damaged files.
#include "broker/store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "broker/schema.h"
#include "tests/broker/store_fixture.h"

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
    if (wanted == JobState::held) EXPECT_TRUE(store->change(job, JobEvent::pause));
    if (wanted == JobState::done) store->finish_publishing(job, "/out/" + id + ".flac", 2);
    if (wanted == JobState::failed)
      for (int i = 0; i < 2; ++i) EXPECT_TRUE(store->end_lease(lease(job), Blame::final, "no", 3));
    if (wanted == JobState::cancelled) EXPECT_TRUE(store->change(job, JobEvent::cancel));
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
      if (!to) EXPECT_EQ(store->history(job).size(), lines);
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
    if (wanted == SegmentState::waiting) EXPECT_TRUE(store->end_lease(c.lease, Blame::nobody, "", 3));
    if (wanted == SegmentState::done) EXPECT_TRUE(speak(c.lease));
    if (wanted == SegmentState::failed) EXPECT_TRUE(store->end_lease(c.lease, Blame::final, "no", 3));
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

TEST_F(StoreTest, TakesThatWereMadeSideBySideCountTheirTimeOnce) {
  const std::int64_t begin = clock.now;
  auto take = [&](const char* key, double computing_s, std::int64_t at_s) {
    clock.now = begin + at_s * 1000;
    store->add_take({key, "{}", 24000 * 10, 100, 24000, computing_s});
  };
  take("a", 4, 10);  // from 6 to 10
  take("b", 6, 12);  // from 6 to 12
  take("c", 1, 20);  // from 19 to 20
  EXPECT_EQ(store->spoken_since(begin).working_s, 7);
  EXPECT_EQ(store->spoken_since(begin).audio_s, 30);
  EXPECT_EQ(store->spoken_since(begin + 15'000).audio_s, 10);
  EXPECT_EQ(store->spoken_since(begin + 30'000).working_s, 0);
}

TEST_F(StoreTest, WhatEndedSinceATimeIsFound) {
  const auto first = submit("job-first1", 1), second = submit("job-second", 1);
  submit("job-third1", 1);
  store->change(first, JobEvent::cancel);
  const std::int64_t between = ++clock.now;
  store->change(second, JobEvent::fail, "no");
  EXPECT_EQ(store->ended_since(0), (std::vector{first, second}));
  EXPECT_EQ(store->ended_since(between), std::vector{second});
}

TEST_F(StoreTest, EnergyAddsUp) {
  store->add_energy(5);
  store->add_energy(7);
  const std::int64_t later = clock.now += 1000;
  store->add_energy(1);
  EXPECT_EQ(store->energy_since(0), 13);
  EXPECT_EQ(store->energy_since(later), 1);
}

TEST_F(StoreTest, WorkBeforeAJobIsWhatIsLeftOfThoseThatGoFirst) {
  submit("job-before", 2);
  const auto job = submit("job-itself", 1);
  const auto urgent = submit("job-urgent", 3);
  store->set_priority(urgent, 5);
  submit("job-behind", 4);
  EXPECT_EQ(store->characters_before(job, 0), (std::map<std::string, std::uint64_t>{{"sine", 50}}));
  EXPECT_TRUE(speak(lease(urgent)));
  EXPECT_EQ(store->characters_before(job, 0), (std::map<std::string, std::uint64_t>{{"sine", 40}}));
  EXPECT_TRUE(store->characters_before(urgent, 5).empty());
}

TEST_F(StoreTest, ALearnedSpeedIsKept) {
  EXPECT_EQ(store->learned_speed("sine"), 0);
  store->learn_speed("sine", 1.5);
  store->learn_speed("sine", 2.5);
  store->commit();
  store.reset();
  open();
  EXPECT_EQ(store->learned_speed("sine"), 2.5);
}

TEST_F(StoreTest, RunNowTakesAwayWhateverAJobWaitsFor) {
  const auto first = submit("job-first1", 1, "batch-0001", {"night"});
  const auto job = submit("job-second", 1, "batch-0001", {"night", clock.now + 1000, 5, first});
  store->run_now(job);
  EXPECT_EQ(runnable({""}), std::vector{job});
  EXPECT_EQ(store->job(job)->when.by_ms, 5);
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

TEST_F(StoreTest, PruningNeverTouchesWhatIsUnfinishedOrFailed) {
  const auto done = submit("job-00001", 1), failed = submit("job-00002", 2), open = submit("job-00003", 2);
  for (const auto job : {done, failed, open}) EXPECT_TRUE(speak(lease(job)));
  store->finish_publishing(done, "/out/x.flac", 1);
  EXPECT_TRUE(store->end_lease(lease(failed), Blame::final, "no", 3));
  store->commit();
  clock.now += 1000;
  protocol::Prune rules;
  rules.jobs_older_s = rules.takes_older_s = 0;
  rules.dry_run = true;
  EXPECT_EQ(store->prune(rules).counts.takes, 1u);
  EXPECT_TRUE(store->job(done)) << "a dry run removes nothing";
  rules.jobs_older_s = -1;
  rules.dry_run = false;
  const auto pruned = store->prune(rules);
  EXPECT_EQ(pruned.takes, std::vector<std::string>{"job-000010"});
  EXPECT_TRUE(store->has_take("job-000020")) << "a failed job's takes are kept for its retry";
  EXPECT_TRUE(store->has_take("job-000030"));
  rules.jobs_older_s = 0;
  EXPECT_EQ(store->prune(rules).counts.jobs, 2u);
  EXPECT_FALSE(store->job(done));
  EXPECT_FALSE(store->job(failed));
  EXPECT_TRUE(store->job(open));
  EXPECT_TRUE(store->has_take("job-000030"));
}

TEST_F(StoreTest, PruningBySizeRemovesTheOldestTakesFirst) {
  for (int i = 1; i <= 4; ++i) {
    const auto job = submit("job-0000" + std::to_string(i), 1);
    clock.now += 1000;
    EXPECT_TRUE(speak(lease(job)));
    store->finish_publishing(job, "/out/x.flac", 1);
  }
  protocol::Prune rules;
  rules.takes_max_bytes = 250;  // each take holds 100
  EXPECT_EQ(store->prune(rules).takes, (std::vector<std::string>{"job-000010", "job-000020"}));
}

TEST_F(StoreTest, AJobsHistoryTellsWhatHappenedAndWhy) {
  const auto job = submit("job-00001", 1);
  clock.now += 5000;
  EXPECT_TRUE(store->end_lease(lease(job), Blame::segment, "it broke", 3));
  store->commit();
  EXPECT_TRUE(store->change(job, JobEvent::cancel, "not wanted"));
  std::string told;
  for (const auto& event : store->history(job)) told += event.what + "|";
  EXPECT_EQ(told, "submitted|cut into 1 segments|running|segment 0 to be tried again: it broke|queued|"
                  "cancelled: not wanted|");
  EXPECT_EQ(store->history(job).back().at_ms - store->history(job).front().at_ms, 5000);
}

TEST_F(StoreTest, ACopyMadeWhileWorkGoesOnIsWholeAndOfItsEnd) {
  for (int i = 0; i < 300; ++i) submit("job-many-" + std::to_string(i), 10);
  const auto file = folder / "copy.sqlite";
  auto copy = store->copy(file);
  int steps = 0;
  while (!copy->step()) {
    submit("job-meanwhile-" + std::to_string(steps), 1);
    ASSERT_LT(++steps, 1000);
  }
  EXPECT_GT(steps, 0);
  EXPECT_FALSE(fs::exists(file.string() + ".part"));
  Store restored(file, clock);
  EXPECT_TRUE(restored.find_job("job-many-299"));
  EXPECT_TRUE(restored.find_job("job-meanwhile-0"));
  EXPECT_THROW(store->copy(file), Fault) << "nothing is overwritten";
}

TEST_F(StoreTest, ADamagedPageIsFoundBeforeWorkBegins) {
  for (int i = 0; i < 50; ++i) submit("job-many-" + std::to_string(i), 10);
  store.reset();
  {
    std::fstream file(folder / "lectern.sqlite", std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 3; page < 12; ++page) {
      file.seekp(page * 4096 + 8);
      file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    }
  }
  try {
    open();
    store->check_integrity();
    FAIL() << "the damage was not found";
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("lectern.sqlite"), std::string::npos) << fault.what();
    EXPECT_NE(fault.hint().find("backup"), std::string::npos);
  }
}

TEST_F(StoreTest, OutputsOfJobsThatAreDoneComeByNumberInPages) {
  std::set<std::string> done;
  for (int i = 0; i < 1100; ++i) {
    const std::string id = "job-" + std::to_string(10000 + i);
    const auto job = submit(id, 1);
    if (i % 50 == 0) continue;  // not done
    ASSERT_TRUE(speak(lease(job)));
    store->finish_publishing(job, "/out/" + id + " (2).flac", 2.5);
    done.insert(id);
  }
  store->commit();
  std::set<std::string> listed;
  std::uint64_t last = 0;
  for (auto page = store->outputs(0); !page.empty(); page = store->outputs(last))
    for (const protocol::OutputFiles& files : page) {
      EXPECT_GT(files.number, last);
      last = files.number;
      EXPECT_EQ(files.audio, "/out/" + files.job_id + " (2).flac");
      listed.insert(files.job_id);
    }
  EXPECT_EQ(listed, done);
}

TEST_F(StoreTest, AForeignNewerOrDamagedDatabaseIsRefusedByName) {
  auto refusal = [&](const fs::path& file) -> std::string {
    try {
      Store other(file, clock);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "opened";
  };
  {
    Database foreign(folder / "foreign.sqlite");
    foreign.execute("CREATE TABLE x(y)");
    Database newer(folder / "newer.sqlite");
    newer.execute("CREATE TABLE x(y); PRAGMA application_id=1281586290; PRAGMA user_version=99");
  }
  static_assert(kApplicationId == 1281586290);
  std::ofstream(folder / "garbage.sqlite") << std::string(8192, 'x');
  EXPECT_NE(refusal(folder / "foreign.sqlite").find("belongs to another application"), std::string::npos);
  EXPECT_NE(refusal(folder / "newer.sqlite").find("has version 99, this Lectern knows up to"), std::string::npos);
  EXPECT_NE(refusal(folder / "garbage.sqlite").find("garbage.sqlite"), std::string::npos);
}

protocol::Measure measure(std::uint64_t memory_bytes, double loading_s) {
  protocol::Measure m;
  m.model = "sine";
  m.device = "cpu";
  m.lanes = 4;
  m.loading_s = loading_s;
  m.memory_bytes = memory_bytes;
  return m;
}

TEST_F(StoreTest, WhatEnginesTookIsKeptAndForgottenSlowly) {
  store->learn(measure(1000, 2));
  store->learn(measure(0, 4));  // an engine that spoke nothing tells nothing of the peak
  store->commit();
  open();
  ASSERT_EQ(store->measures().size(), 1u);
  EXPECT_EQ(store->measures()[0].memory_bytes, 1000u);
  EXPECT_EQ(store->measures()[0].loading_s, 3);
  store->learn(measure(2000, 3));
  EXPECT_EQ(store->measures()[0].memory_bytes, 2000u);
  store->learn(measure(1000, 3));
  EXPECT_EQ(store->measures()[0].memory_bytes, 1750u);
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
