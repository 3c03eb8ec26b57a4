// The agent's policy: starting, handing out, ending. What goes wrong is in agent_fault_test.cpp.
#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

TEST_F(AgentTest, SaysReadyFirst) {
  agent_->begin(now_);
  ASSERT_EQ(world_.to_broker.size(), 1u);
  const auto ready = said_to_broker<protocol::Ready>().at(0);
  EXPECT_EQ(ready.worker, "w");
  EXPECT_EQ(ready.credit, 2u);
}

TEST_F(AgentTest, BeatsEverySecond) {
  pass(5s);
  EXPECT_EQ(world_.beats, 5);
  EXPECT_EQ(world_.last_beat.state, "cold");
  EXPECT_EQ(world_.last_beat.model, "");
}

TEST_F(AgentTest, StartsNoEngineWithoutWork) {
  pass(10min);
  EXPECT_TRUE(world_.started.empty());
}

TEST_F(AgentTest, StartsTheEngineThatTheFirstSegmentNeedsAndHandsOutWhenItIsLoaded) {
  work(1);
  work(2);
  EXPECT_EQ(state(), State::loading);
  EXPECT_EQ(world_.started, std::vector<std::string>{"sine"});
  EXPECT_TRUE(world_.to_engine.empty());
  loaded();
  EXPECT_EQ(state(), State::busy);
  EXPECT_EQ(in_engine(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(world_.last_beat.state, "busy");
  EXPECT_EQ(world_.last_beat.model, "sine");
  EXPECT_EQ(world_.last_beat.engine_pid, 1001);
}

TEST_F(AgentTest, OffersRoomForTwoSegmentsALaneOnceTheLanesAreKnown) {
  work(1);
  EXPECT_EQ(world_.last_beat.credit, 2u);
  loaded(8);
  EXPECT_EQ(world_.last_beat.credit, 16u);
}

TEST_F(AgentTest, PassesTakesOnAsTheyAre) {
  busy(1);
  speaks(1);
  ASSERT_EQ(said_to_broker<protocol::Take>().size(), 1u);
  EXPECT_EQ(world_.to_broker.back().payload, std::vector<std::string>{std::string(4, '\0')});
  EXPECT_EQ(state(), State::warm);
}

TEST_F(AgentTest, DropsAnswersForLeasesThatItDoesNotHold) {
  busy(1);
  speaks(7);
  speaks(1, 2);
  fails(8);
  EXPECT_TRUE(world_.to_broker.empty());
  EXPECT_EQ(state(), State::busy);
  speaks(1);
  speaks(1);
  EXPECT_EQ(said_to_broker<protocol::Take>().size(), 1u);
}

TEST_F(AgentTest, TakesASegmentThatIsSentTwiceOnce) {
  busy(1);
  work(1);
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{1});
}

TEST_F(AgentTest, LetsANewerTryReplaceAnOlderOne) {
  busy(1);
  forget();
  work(1, "sine", 2);
  EXPECT_EQ(said_to_engine<protocol::CancelWork>().at(0).leases, (std::vector<Lease>{{1, 1}}));
  EXPECT_EQ(said_to_engine<protocol::Work>().at(0).lease, (Lease{1, 2}));
  speaks(1, 1);
  EXPECT_TRUE(world_.to_broker.empty());
  speaks(1, 2);
  EXPECT_EQ(said_to_broker<protocol::Take>().at(0).lease, (Lease{1, 2}));
}

// ---- keep_alive

TEST_F(AgentTest, FinishesTheEngineWhenKeepAliveIsOverFromTheEndOfTheLastSegment) {
  busy(1);
  pass(100s);
  speaks(1);
  pass(29s);
  EXPECT_EQ(state(), State::warm);
  pass(1s);
  EXPECT_EQ(state(), State::draining);
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  EXPECT_EQ(world_.last_beat.state, "draining");
  ends();
  EXPECT_EQ(state(), State::cold);
  EXPECT_EQ(world_.last_beat.engine_pid, 0);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentTest, StaysWarmForAJobThatArrivesInTheLastMillisecond) {
  warm();
  pass(30s - 1ms);
  work(1);
  pass(1min);
  EXPECT_EQ(state(), State::busy);
  EXPECT_TRUE(said_to_engine<protocol::Finish>().empty());
  speaks(1);
  pass(30s - 1ms);
  EXPECT_EQ(state(), State::warm);
}

TEST_F(AgentTest, StartsAgainForAJobThatArrivesWhileTheEngineEnds) {
  warm();
  pass(30s);
  ASSERT_EQ(state(), State::draining);
  forget();
  work(1);
  EXPECT_EQ(state(), State::draining);
  EXPECT_TRUE(in_engine().empty());
  ends();
  EXPECT_EQ(state(), State::loading);
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(world_.started.size(), 2u);
}

TEST_F(AgentTest, UnloadsWithinHalfASecondWhenKeepAliveIsZeroButLetsTheBrokerAnswerTheLastTake) {
  keep_alive(0);
  work(1);
  loaded();
  speaks(1);
  EXPECT_EQ(state(), State::warm);
  work(2);
  speaks(2);
  pass(100ms);
  EXPECT_EQ(state(), State::warm);
  pass(400ms);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentTest, CountsKeepAliveFromTheLoadWhenItsSegmentsWereCancelled) {
  work(1);
  cancel(1);
  pass(10s);
  loaded();
  EXPECT_EQ(state(), State::warm);
  pass(30s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentTest, ForcesAnEngineThatDoesNotFinish) {
  warm();
  pass(30s);
  ASSERT_EQ(state(), State::draining);
  pass(5s - 1ms);
  EXPECT_TRUE(world_.signals.empty());
  pass(1ms);
  EXPECT_EQ(world_.signals, std::vector<int>{SIGTERM});
  pass(2s);
  EXPECT_EQ(world_.signals, (std::vector<int>{SIGTERM, SIGKILL}));
  dies();
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

// ---- another model

TEST_F(AgentTest, ReplacesTheEngineForAnotherModel) {
  warm();
  work(1, "bell");
  EXPECT_EQ(state(), State::draining);
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  ends();
  EXPECT_EQ(state(), State::loading);
  EXPECT_EQ(world_.started, (std::vector<std::string>{"sine", "bell"}));
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{1});
}

TEST_F(AgentTest, DoesTheLineBeforeAnotherModelsSegmentFirst) {
  busy(2);
  forget();
  work(3, "bell");
  work(4);
  speaks(1);
  EXPECT_EQ(state(), State::busy);
  speaks(2);
  EXPECT_EQ(state(), State::draining);
  ends();
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{3});
  speaks(3);
  ends();
  EXPECT_EQ(world_.started, (std::vector<std::string>{"sine", "bell", "sine"}));
}

TEST_F(AgentTest, ReplacesAnEngineWhoseModelIsNoLongerWantedWhenItIsLoaded) {
  work(1);
  work(2, "bell");
  cancel(1);
  loaded();
  EXPECT_EQ(state(), State::draining);
  ends();
  EXPECT_EQ(world_.started.back(), "bell");
}

// ---- cancelling

TEST_F(AgentTest, ForwardsACancelAndForgetsTheLease) {
  busy(2);
  forget();
  cancel(1);
  EXPECT_EQ(said_to_engine<protocol::CancelWork>().at(0).leases, leases({1}));
  EXPECT_EQ(state(), State::busy);
  cancel(2);
  EXPECT_EQ(state(), State::warm);
  speaks(1);
  EXPECT_TRUE(world_.to_broker.empty());
  pass(30s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentTest, IgnoresACancelOfWhatItDoesNotHold) {
  busy(1);
  forget();
  cancel(5);
  cancel(1, 2);
  EXPECT_TRUE(world_.to_engine.empty());
  EXPECT_EQ(state(), State::busy);
}

TEST_F(AgentTest, CancelsWhatWaitsForTheLoadWithoutAnEngine) {
  work(1);
  work(2);
  cancel(1);
  EXPECT_TRUE(world_.to_engine.empty());
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{2});
}

// ---- the broker

TEST_F(AgentTest, AnswersWhoWithAllItsLeases) {
  busy(2);
  work(3, "bell");
  forget();
  tell(protocol::Who{});
  EXPECT_EQ(said_to_broker<protocol::Ready>().at(0).leases, leases({1, 2, 3}));
}

TEST_F(AgentTest, KeepsEngineAndLeasesWhenTheBrokerIsSilent) {
  busy(1);
  broker_answers_ = false;
  pass(1min);
  EXPECT_EQ(state(), State::busy);
  speaks(1);
  EXPECT_EQ(said_to_broker<protocol::Take>().size(), 1u);
  const int beats = world_.beats;
  pass(5s);
  EXPECT_EQ(world_.beats, beats + 5);
}

TEST_F(AgentTest, IgnoresMessagesThatItCannotUse) {
  busy(1);
  forget();
  for (const protocol::Frames& frames : {protocol::Frames{},
                                         {"x"},
                                         {"lectern/1", "work", "{}"},
                                         {"lectern/1", "sing", "{}"},
                                         {"lectern/2", "who", "{}"},
                                         {"lectern/1", "cancel_work", "[]"},
                                         {"lectern/1", "take", "{}"},
                                         {"lectern/1", "engine_ready", "{"}}) {
    agent_->broker_message(frames, now_);
    agent_->engine_message(frames, now_);
  }
  EXPECT_TRUE(world_.to_broker.empty());
  EXPECT_TRUE(world_.to_engine.empty());
  EXPECT_EQ(state(), State::busy);
}

// ---- retiring

TEST_F(AgentTest, UnloadsAnIdleEngineAtOnceWhenAskedTo) {
  keep_alive(1000);
  warm();
  tell(protocol::Unload{});
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  EXPECT_EQ(state(), State::draining);
  ends();
  EXPECT_EQ(state(), State::cold);
  EXPECT_FALSE(agent_->done()) << "the agent stays";
}

TEST_F(AgentTest, LetsTheEngineFinishWhatItHasBegunBeforeItUnloads) {
  busy(4, 2);
  tell(protocol::Unload{});
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  pass(20s);
  EXPECT_TRUE(world_.signals.empty()) << "it is still speaking";
  speaks(1);
  speaks(2);
  EXPECT_EQ(said_to_broker<protocol::Take>().size(), 2u);
  ends();
  ASSERT_EQ(said_to_broker<protocol::GiveBack>().size(), 1u);
  EXPECT_EQ(said_to_broker<protocol::GiveBack>()[0].leases, leases({3, 4}));
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
  EXPECT_EQ(state(), State::cold);
}

TEST_F(AgentTest, StartsAgainForWorkThatArrivesWhileItUnloads) {
  busy(2, 2);
  tell(protocol::Unload{});
  work(7);
  speaks(1);
  ends();
  EXPECT_EQ(said_to_broker<protocol::GiveBack>()[0].leases, leases({2}));
  EXPECT_EQ(state(), State::loading);
  forget();
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{7});
}

TEST_F(AgentTest, GivesBackWhatWaitsForTheLoadWhenAskedToUnload) {
  work(1);
  tell(protocol::Unload{});
  EXPECT_EQ(world_.signals, std::vector<int>{SIGTERM});
  EXPECT_EQ(said_to_broker<protocol::GiveBack>()[0].leases, leases({1}));
  agent_->engine_ended({true, SIGTERM, ""}, now_);
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentTest, EndsAnEngineThatHangsWhileItUnloads) {
  busy(1);
  tell(protocol::Unload{});
  pass(601s);
  EXPECT_EQ(world_.signals, std::vector<int>{SIGTERM});
  pass(3s);
  EXPECT_EQ(world_.signals, (std::vector<int>{SIGTERM, SIGKILL}));
}

TEST_F(AgentTest, HasNothingToUnloadWithoutAnEngine) {
  tell(protocol::Unload{});
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(world_.to_engine.empty());
}

TEST_F(AgentTest, IsDoneAtOnceWhenThereIsNoEngine) {
  tell(protocol::Retire{});
  EXPECT_TRUE(agent_->done());
  EXPECT_TRUE(said_to_broker<protocol::GiveBack>().empty());
}

TEST_F(AgentTest, GivesBackItsLeasesAndFinishesTheEngineWhenRetired) {
  busy(2);
  work(3, "bell");
  forget();
  tell(protocol::Retire{});
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({1, 2, 3}));
  EXPECT_EQ(said_to_engine<protocol::CancelWork>().at(0).leases, leases({1, 2}));
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  EXPECT_EQ(world_.last_beat.credit, 0u);
  EXPECT_FALSE(agent_->done());
  ends();
  EXPECT_TRUE(agent_->done());
}

TEST_F(AgentTest, EndsAnyEngineWithinTwoSecondsWhenRetired) {
  busy(1);
  tell(protocol::Retire{});
  pass(2s);
  EXPECT_EQ(world_.signals, (std::vector<int>{SIGTERM, SIGKILL}));
}

TEST_F(AgentTest, TerminatesALoadingEngineAtOnceWhenRetired) {
  work(1);
  tell(protocol::Retire{});
  EXPECT_EQ(world_.signals, std::vector<int>{SIGTERM});
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({1}));
  dies(SIGTERM);
  EXPECT_TRUE(agent_->done());
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentTest, GivesBackWorkThatArrivesWhileItRetires) {
  busy(1);
  tell(protocol::Retire{});
  forget();
  work(5);
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({5}));
  ends();
  EXPECT_TRUE(agent_->done());
  EXPECT_EQ(world_.started.size(), 1u);
}

}  // namespace
}  // namespace lectern
