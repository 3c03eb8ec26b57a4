// The agent's policy when the engine fails: in every state, by death, by words and by silence.
#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

class AgentFaultTest : public AgentTest {
 protected:
  protocol::EngineFailed failure() const {
    const auto all = said_to_broker<protocol::EngineFailed>();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? protocol::EngineFailed{} : all.front();
  }
};

TEST_F(AgentTest, SpeaksNothingThatWouldSoundOtherwiseThanAtTheBrokerAndSaysWhy) {
  protocol::Work work;
  work.lease = {1, 1};
  work.model = "sine";
  work.sound = "other";
  agent_->broker_message(protocol::encode(work), now_);
  EXPECT_TRUE(world_.started.empty());
  const auto failed = said_to_broker<protocol::EngineFailed>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_TRUE(failed[0].final);
  EXPECT_EQ(failed[0].leases, std::vector<Lease>{work.lease});
  EXPECT_EQ(failed[0].message, "it is not the same");
  work.lease = {2, 1};
  work.sound = "alike";
  agent_->broker_message(protocol::encode(work), now_);
  EXPECT_EQ(world_.started.size(), 1u);
}

TEST_F(AgentFaultTest, ReportsADeathWhileLoadingWithAllThatWaitedForTheModel) {
  work(1);
  work(2);
  work(3, "bell");
  dies(SIGSEGV);
  EXPECT_EQ(state(), State::backoff);
  EXPECT_TRUE(failure().loading);
  EXPECT_EQ(failure().model, "sine");
  EXPECT_EQ(failure().leases, leases({1, 2}));
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({3}));
  EXPECT_EQ(failure().message, "the engine ended by itself: signal 11 (Segmentation fault)");
}

TEST_F(AgentFaultTest, ReportsADeathWhileWarm) {
  warm();
  dies();
  EXPECT_EQ(state(), State::backoff);
  EXPECT_TRUE(failure().leases.empty());
  EXPECT_FALSE(failure().loading);
  EXPECT_NE(failure().hint.find("memory"), std::string::npos);
}

TEST_F(AgentFaultTest, BlamesWhatTheEngineWasHandedAndGivesTheRestBack) {
  busy(4, 2);
  work(5, "bell");
  dies(SIGABRT);
  EXPECT_EQ(failure().leases, leases({1, 2, 3, 4}));
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({5}));
  EXPECT_EQ(failure().message, "the engine ended by itself: signal 6 (Aborted)");
  EXPECT_EQ(failure().exit, 70);
}

TEST_F(AgentFaultTest, SaysWhatTheEngineSaidOnStderrWhenItSaidNothingElse) {
  work(1);
  agent_->engine_ended({false, 127, "libtorch_cpu.so: cannot open shared object file"}, now_);
  EXPECT_EQ(failure().message,
            "the engine ended by itself: exit status 127; it said: libtorch_cpu.so: cannot open shared object file");
}

TEST_F(AgentFaultTest, PassesOnTheEnginesOwnWordsOnceItIsGone) {
  busy(1);
  protocol::EngineFailed words;
  words.message = "the model's file is damaged";
  words.hint = "pull it again";
  words.exit = 5;
  words.leases = leases({77});
  engine_says(words);
  EXPECT_EQ(state(), State::draining);
  EXPECT_TRUE(world_.to_broker.empty());
  ends(5);
  EXPECT_EQ(failure().message, "the model's file is damaged");
  EXPECT_EQ(failure().hint, "pull it again");
  EXPECT_EQ(failure().exit, 5);
  EXPECT_EQ(failure().leases, leases({1}));
}

TEST_F(AgentFaultTest, ForcesAnEngineThatReportsItsEndAndStays) {
  busy(1);
  engine_says(protocol::EngineFailed{});
  pass(7s);
  EXPECT_EQ(world_.signals, (std::vector<int>{SIGTERM, SIGKILL}));
  dies();
  EXPECT_EQ(failure().leases, leases({1}));
}

TEST_F(AgentFaultTest, ReportsADeathWhileDrainingAsTheEndThatWasWanted) {
  warm();
  pass(30s);
  ASSERT_EQ(state(), State::draining);
  dies(SIGSEGV);
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentFaultTest, DoesNotReportAFailureOfAnEngineThatIsBeingEndedAnyway) {
  warm();
  pass(30s);
  ASSERT_EQ(state(), State::draining);
  engine_says(protocol::EngineFailed{});
  ends(70);
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentFaultTest, ReportsTheHangAndNotWhatTheKilledEngineStillSays) {
  work(1);
  pass(10min);
  engine_says(protocol::EngineFailed{});
  loaded();
  dies();
  EXPECT_EQ(failure().message, "the engine made no progress for 600 s");
}

TEST_F(AgentFaultTest, ReportsAModelThatCannotBeStarted) {
  work(1, "missing");
  EXPECT_EQ(failure().message, "model 'missing' is not installed");
  EXPECT_EQ(failure().exit, 4);
  EXPECT_TRUE(failure().loading);
  EXPECT_EQ(failure().model, "missing");
  EXPECT_EQ(failure().leases, leases({1}));
  EXPECT_EQ(state(), State::backoff);
}

TEST_F(AgentFaultTest, RefusesAnEngineOfAnotherRevisionThanTheCatalogues) {
  work(1);
  engine_says(protocol::EngineReady{"sine", 2, 24000, 2, 0.5});
  EXPECT_EQ(world_.signals, std::vector<int>{SIGKILL});
  EXPECT_TRUE(world_.to_engine.empty());
  dies();
  EXPECT_EQ(failure().exit, 5);
  EXPECT_TRUE(failure().loading);
  EXPECT_EQ(failure().leases, leases({1}));
}

// ---- silence

TEST_F(AgentFaultTest, KillsAnEngineThatHangsWhileLoading) {
  work(1);
  pass(10min - 1ms);
  EXPECT_TRUE(world_.signals.empty());
  pass(1ms);
  EXPECT_EQ(world_.signals, std::vector<int>{SIGKILL});
  dies();
  EXPECT_EQ(failure().message, "the engine made no progress for 600 s");
  EXPECT_TRUE(failure().loading);
  EXPECT_EQ(failure().leases, leases({1}));
}

TEST_F(AgentFaultTest, KillsAnEngineThatHangsAtWork) {
  busy(2);
  pass(5min);
  speaks(1);
  pass(10min - 1ms);
  EXPECT_TRUE(world_.signals.empty());
  pass(1ms);
  EXPECT_EQ(world_.signals, std::vector<int>{SIGKILL});
  forget();
  work(3);  // too late for this engine
  EXPECT_TRUE(in_engine().empty());
  dies();
  EXPECT_EQ(failure().leases, leases({2}));
  EXPECT_FALSE(failure().loading);
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({3}));
}

TEST_F(AgentFaultTest, CountsTheTimeToAnAnswerFromTheWorkAndNotFromTheIdlenessBefore) {
  keep_alive(1e6);
  warm();
  pass(20min);
  work(1);
  pass(10min - 1ms);
  EXPECT_EQ(state(), State::busy);
  EXPECT_TRUE(world_.signals.empty());
}

TEST_F(AgentFaultTest, KillsAnEngineOfWhichOneLaneHangsWhileTheOtherGoesOn) {
  busy(1);
  for (std::uint64_t segment = 2; world_.signals.empty() && segment < 100; ++segment) {
    work(segment);
    pass(1min);
    speaks(segment);
  }
  EXPECT_EQ(world_.signals, std::vector<int>{SIGKILL});
  forget();
  dies();
  EXPECT_EQ(failure().leases, leases({1}));
}

TEST_F(AgentFaultTest, DoesNotKillAnIdleEngine) {
  keep_alive(1e6);
  warm();
  pass(24h);
  EXPECT_TRUE(world_.signals.empty());
  EXPECT_EQ(state(), State::warm);
}

// ---- backoff

TEST_F(AgentFaultTest, OffersNoRoomDuringBackoffAndThenAgain) {
  busy(1);
  dies();
  EXPECT_EQ(world_.last_beat.state, "backoff");
  EXPECT_EQ(world_.last_beat.credit, 0u);
  EXPECT_EQ(world_.last_beat.model, "");
  pass(1s);
  EXPECT_EQ(state(), State::cold);
  EXPECT_GT(world_.last_beat.credit, 0u);
}

TEST_F(AgentFaultTest, KeepsWorkThatArrivesDuringBackoffAndStartsAfterIt) {
  busy(1);
  dies();
  work(1, "sine", 2);
  EXPECT_EQ(state(), State::backoff);
  EXPECT_EQ(world_.started.size(), 1u);
  pass(1s);
  EXPECT_EQ(state(), State::loading);
  EXPECT_EQ(world_.started.size(), 2u);
}

TEST_F(AgentFaultTest, DoublesTheBackoffUpToAMinute) {
  std::vector<long> waits;
  for (std::uint64_t attempt = 1; attempt <= 9; ++attempt) {
    work(1, "sine", attempt);
    const auto begin = now_;
    dies();
    while (state() == State::backoff) pass(1s);
    waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(now_ - begin).count());
  }
  EXPECT_EQ(waits, (std::vector<long>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
}

TEST_F(AgentFaultTest, StartsTheBackoffAfreshAfterATake) {
  for (int i = 0; i < 3; ++i) {
    work(1);
    dies();
    pass(1min);
  }
  work(1);
  loaded();
  speaks(1);
  dies();
  pass(1s);
  EXPECT_EQ(state(), State::cold);
}

TEST_F(AgentFaultTest, EndsAtOnceWhenRetiredDuringBackoff) {
  busy(1);
  dies();
  work(2);
  forget();
  tell(protocol::Retire{});
  EXPECT_TRUE(agent_->done());
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({2}));
}

// ---- finding the segment that ends the engine

TEST_F(AgentFaultTest, SpeaksSegmentsAloneAfterADeathUntilTheSuspectsAreAnswered) {
  busy(2, 2);
  dies();
  pass(1s);
  EXPECT_EQ(world_.last_beat.credit, 1u);
  forget();
  work(1, "sine", 2);
  work(2, "sine", 2);
  loaded(2);
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{1});
  dies();
  EXPECT_EQ(failure().leases, (std::vector<Lease>{{1, 2}}));
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, (std::vector<Lease>{{2, 2}}));
  pass(2s);
  forget();
  work(2, "sine", 2);
  work(3);
  loaded(2);
  speaks(2, 2);
  EXPECT_EQ(in_engine(), (std::vector<std::uint64_t>{2, 3}));
  speaks(3);
  EXPECT_EQ(world_.last_beat.credit, 4u);
  forget();
  work(4);
  work(5);
  EXPECT_EQ(in_engine(), (std::vector<std::uint64_t>{4, 5}));
}

}  // namespace
}  // namespace lectern
