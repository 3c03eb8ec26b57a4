// How long a model stays, and what loads one without work: wishes, preloads, work that is known to come.
#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

class AgentLifeTest : public AgentTest {
 protected:
  void keep(const std::string& words) {
    AgentOptions options;
    options.keep_alive = *parse_keep_alive(words);
    make(options);
  }
  void loaded_in(double seconds) { engine_says(protocol::EngineReady{"sine", 1, 24000, 2, seconds}); }
  std::size_t finishes() const { return said_to_engine<protocol::Finish>().size(); }
};

// ---- keep_alive

TEST_F(AgentLifeTest, StaysTwiceTheMeasuredLoadTimeWhenThatIsMoreThanHalfAMinute) {
  work(1);
  loaded_in(40);
  speaks(1);
  pass(80s - 1ms);
  EXPECT_EQ(state(), State::warm);
  pass(1ms);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, StaysForEverWhenToldTo) {
  keep("forever");
  warm();
  pass(1h);
  EXPECT_EQ(state(), State::warm);
  EXPECT_EQ(world_.last_beat.unload_in_ms, -1);
}

TEST_F(AgentLifeTest, StaysUntilTheClockShowsTheTime) {
  setenv("TZ", "UTC", 1);
  tzset();
  keep("until 22:10");  // it is 22:00
  warm();
  pass(10min - 1s);
  EXPECT_EQ(state(), State::warm);
  pass(2s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, StaysUntilTheClockShowsTheTimeAlsoWhenTheClockIsSet) {
  setenv("TZ", "UTC", 1);
  tzset();
  keep("until 22:10");
  warm();
  pass(1min);
  world_.wall += 600'000;
  pass(2s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, TellsWhenTheIdleModelGoes) {
  busy(1);
  EXPECT_EQ(world_.last_beat.unload_in_ms, 0);
  speaks(1);
  EXPECT_EQ(world_.last_beat.unload_in_ms, 30'000);
  pass(10s);
  EXPECT_NEAR(world_.last_beat.unload_in_ms, 20'000, 1000);
  pass(20s);
  EXPECT_EQ(world_.last_beat.unload_in_ms, 0);
}

TEST_F(AgentLifeTest, IsNotKeptAliveByHeartbeats) {
  warm();
  for (int i = 0; i < 29; ++i) {
    pass(1s);
    for (int n = 0; n < 10; ++n) tell(protocol::Heartbeat{});
  }
  EXPECT_EQ(state(), State::warm);
  pass(1s);
  EXPECT_EQ(state(), State::draining);
}

// ---- load and unload

TEST_F(AgentLifeTest, LoadsAModelThatIsWishedForWithoutWork) {
  load("sine", "2h");
  EXPECT_EQ(state(), State::loading);
  loaded();
  EXPECT_EQ(state(), State::warm);
  pass(2h - 1s);
  EXPECT_EQ(state(), State::warm);
  pass(1s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, KeepsTheLoadedModelAsTheNewWishSays) {
  warm();
  load("sine", "forever");
  pass(5min);
  EXPECT_EQ(state(), State::warm);
  EXPECT_EQ(world_.started.size(), 1u);
  load("sine");
  pass(30s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, ForgetsAWishForLongerWhenTheModelWasUnloaded) {
  load("sine", "forever");
  loaded();
  unload();
  ends();
  work(1);
  loaded();
  speaks(1);
  pass(30s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, DoesTheWorkThatItHoldsBeforeItLoadsAWishedModel) {
  busy(2);
  load("bell");
  EXPECT_EQ(state(), State::busy);
  speaks(1);
  speaks(2);
  EXPECT_EQ(state(), State::draining);
  ends();
  EXPECT_EQ(world_.started.back(), "bell");
  EXPECT_EQ(state(), State::loading);
}

TEST_F(AgentLifeTest, LoadsAWishedModelAfterTheUnloadThatIsUnderWay) {
  warm();
  unload();
  ASSERT_EQ(state(), State::draining);
  load("sine", "forever");
  ends();
  EXPECT_EQ(state(), State::loading);
  loaded();
  pass(1h);
  EXPECT_EQ(state(), State::warm);
}

TEST_F(AgentLifeTest, EndsALoadThatIsUnloadedAndLoadsNoMore) {
  load("sine");
  unload();
  EXPECT_EQ(world_.signals, std::vector<int>{SIGTERM});
  dies(SIGTERM);
  EXPECT_EQ(state(), State::cold);
  pass(1min);
  EXPECT_EQ(world_.started.size(), 1u);
}

TEST_F(AgentLifeTest, GivesBackWhatTheEngineHadBegunWhenItIsToUnloadNow) {
  busy(4, 2);
  unload(true);
  EXPECT_EQ(said_to_engine<protocol::CancelWork>().at(0).leases, leases({1, 2, 3, 4}));
  EXPECT_EQ(said_to_engine<protocol::Finish>().size(), 1u);
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({1, 2, 3, 4}));
  pass(2s);
  EXPECT_EQ(world_.signals, (std::vector<int>{SIGTERM, SIGKILL}));
  dies();
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
}

TEST_F(AgentLifeTest, SaysWhyAWishedModelIsNotLoaded) {
  load("missing");
  EXPECT_EQ(state(), State::backoff);
  EXPECT_EQ(world_.last_beat.waits_for, "model 'missing' is not installed");
  pass(1min);
  EXPECT_EQ(state(), State::cold) << "it is not tried for ever";
  EXPECT_EQ(world_.last_beat.waits_for, "");
}

TEST_F(AgentLifeTest, LoadsTheModelAtItsStartWhenItIsSet) {
  AgentOptions options;
  options.preload = "sine";
  make(options);
  agent_->begin(now_);
  EXPECT_EQ(state(), State::loading);
  loaded();
  pass(30s);
  EXPECT_EQ(state(), State::draining) << "it stays as long as keep_alive says";
}

// ---- work that is known to come

TEST_F(AgentLifeTest, LoadsAheadOfWorkByTheTimeThatALoadTook) {
  protocol::Measure measure;
  measure.model = "sine";
  measure.device = "cpu";
  measure.lanes = 2;
  measure.loading_s = 7;
  tell(protocol::Measured{{measure}});
  coming_ = now_ + 10min;
  pass(10min - 10s);
  EXPECT_EQ(state(), State::cold);
  pass(2s);
  EXPECT_EQ(state(), State::loading);
  loaded_in(7);
  EXPECT_EQ(state(), State::warm);
}

TEST_F(AgentLifeTest, KeepsAModelThatWasLoadedAheadUntilItsWorkIsThereWhateverKeepAliveIs) {
  keep("0");
  coming_ = now_ + 1min;
  pass(50s);
  loaded();
  pass(12s);
  EXPECT_EQ(state(), State::warm);
  work(1);
  speaks(1);
  pass(1s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, UnloadsAModelThatWasLoadedAheadOfWorkThatDoesNotCome) {
  keep("5");
  coming_ = now_ + 1min;
  pass(50s);
  loaded();
  coming_.reset();
  pass(7s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, DoesNotUnloadShortlyBeforeWork) {
  warm();
  coming_ = now_ + 59s;  // keep_alive is over in 30 s
  pass(59s);
  EXPECT_EQ(state(), State::warm);
  EXPECT_EQ(world_.started.size(), 1u);
  work(1);
  EXPECT_EQ(state(), State::busy);
}

TEST_F(AgentLifeTest, UnloadsLongBeforeWork) {
  warm();
  coming_ = now_ + 10min;
  pass(31s);
  EXPECT_EQ(state(), State::draining);
}

TEST_F(AgentLifeTest, DoesNotLoadAheadOfWorkThatWasCancelled) {
  coming_ = now_ + 1min;
  pass(30s);
  coming_.reset();
  pass(2min);
  EXPECT_TRUE(world_.started.empty());
}

TEST_F(AgentLifeTest, DoesNotSpinWhenTheBrokerIsAwayAtTheTimeOfExpectedWork) {
  coming_ = now_ + 20s;
  pass(2s);
  broker_answers_ = false;
  world_.machine = {true, 9, 1};
  world_.need = 5;
  const int beats = world_.beats;
  pass(10min);
  EXPECT_LT(world_.beats - beats, 700);
}

}  // namespace
}  // namespace lectern
