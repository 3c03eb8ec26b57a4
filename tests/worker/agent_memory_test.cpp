// The agent's policy about memory: who is let in, what happens when it runs out, leaks, or does not come back.
#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

constexpr std::uint64_t kGb = 1'000'000'000;

class AgentMemoryTest : public AgentTest {
 protected:
  AgentOptions on_card(const std::string& memory_short = "wait") {
    AgentOptions options;
    options.device = "cuda:0";
    options.memory_short = memory_short;
    options.memory_reserve_bytes = kGb / 2;
    return options;
  }
  void free(std::uint64_t bytes) { world_.card = {true, 6 * kGb, bytes}; }
  void measured(std::int64_t lanes, std::uint64_t device_bytes) {
    protocol::Measure measure;
    measure.model = "sine";
    measure.device = "cuda:0";
    measure.lanes = lanes;
    measure.loading_s = 1;
    measure.device_bytes = device_bytes;
    tell(protocol::Measured{{measure}});
  }
  void runs_out(int code = 6) {
    protocol::EngineFailed words;
    words.message = "out of memory";
    words.exit = code;
    engine_says(words);
    ends(code);
  }
};

// ---- admission

TEST_F(AgentMemoryTest, RefusesAModelThatDoesNotFitAndSaysWhoHasTheMemory) {
  make(on_card());
  free(2 * kGb);
  world_.need = 3 * kGb;
  work(1);
  work(2);
  EXPECT_EQ(state(), State::cold);
  EXPECT_TRUE(world_.started.empty());
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({1}));
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(1).leases, leases({2})) << "what comes before the broker knows";
  EXPECT_EQ(world_.last_beat.refuses, "sine");
  EXPECT_EQ(world_.last_beat.waits_for,
            "model sine needs 3.00 GB of memory on cuda:0 and 0.50 GB stay in reserve; 2.00 of 6.00 GB are free; held "
            "by game (pid 7) 5.0 GB");
}

TEST_F(AgentMemoryTest, LetsTheModelInWhenThereIsRoomAgain) {
  make(on_card());
  free(2 * kGb);
  world_.need = 3 * kGb;
  work(1);
  pass(1min);
  EXPECT_EQ(world_.last_beat.refuses, "sine");
  free(5 * kGb);
  pass(1s);
  EXPECT_EQ(world_.last_beat.refuses, "");
  EXPECT_EQ(world_.last_beat.waits_for, "");
  work(1, "sine", 2);
  EXPECT_EQ(state(), State::loading);
}

TEST_F(AgentMemoryTest, LoadsAWishedModelWhenThereIsRoomAgain) {
  make(on_card());
  free(2 * kGb);
  world_.need = 3 * kGb;
  load("sine");
  EXPECT_EQ(state(), State::cold);
  free(5 * kGb);
  pass(1s);
  EXPECT_EQ(state(), State::loading);
}

TEST_F(AgentMemoryTest, SpeaksOtherModelsMeanwhile) {
  make(on_card());
  free(2 * kGb);
  world_.need = 3 * kGb;
  work(1);
  world_.need = kGb;
  work(2, "bell");
  EXPECT_EQ(state(), State::loading);
  EXPECT_EQ(world_.started, std::vector<std::string>{"bell"});
}

TEST_F(AgentMemoryTest, SpeaksOnTheProcessorWhenTheSettingAllowsIt) {
  make(on_card("cpu"));
  free(2 * kGb);
  world_.machine = {true, 32 * kGb, 16 * kGb};
  world_.need = 3 * kGb;
  work(1);
  EXPECT_EQ(world_.orders.at(0).device, "cpu");
  loaded();
  EXPECT_EQ(world_.last_beat.device, "cpu");
}

TEST_F(AgentMemoryTest, WaitsWhenTheProcessorHasNoRoomEither) {
  make(on_card("cpu"));
  free(2 * kGb);
  world_.machine = {true, 4 * kGb, kGb};
  world_.need = 3 * kGb;
  work(1);
  EXPECT_EQ(state(), State::cold);
  EXPECT_EQ(world_.last_beat.refuses, "sine");
}

TEST_F(AgentMemoryTest, LetsTheJobsFailWhenTheSettingSaysSo) {
  make(on_card("fail"));
  free(2 * kGb);
  world_.need = 3 * kGb;
  work(1);
  const auto failed = said_to_broker<protocol::EngineFailed>().at(0);
  EXPECT_TRUE(failed.final);
  EXPECT_EQ(failed.exit, 6);
  EXPECT_EQ(failed.leases, leases({1}));
  EXPECT_EQ(state(), State::cold);
}

TEST_F(AgentMemoryTest, DoesNotWaitForRoomThatTheDeviceDoesNotHave) {
  make(on_card());
  free(6 * kGb);
  world_.need = 7 * kGb;
  work(1);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().at(0).final);
}

TEST_F(AgentMemoryTest, LetsEveryModelInWhereNobodyTellsOfTheMemory) {
  make(on_card());
  world_.need = 100 * kGb;
  work(1);
  EXPECT_EQ(state(), State::loading);
}

TEST_F(AgentMemoryTest, SpeaksAsManySegmentsAtOnceAsHadRoomBefore) {
  make(on_card());
  measured(8, 5 * kGb);
  measured(2, 2 * kGb);
  free(4 * kGb);
  work(1);
  EXPECT_EQ(world_.orders.at(0).most_lanes, 2);
  unload(true);
  dies();
  free(6 * kGb);
  work(1, "sine", 2);
  EXPECT_EQ(world_.orders.at(1).most_lanes, 0) << "the largest that is known need not be held down";
}

TEST_F(AgentMemoryTest, TellsWhatAnEngineTookWhenItHasEnded) {
  work(1);
  loaded(2);
  world_.memory = {700, 900, 300};
  pass(1s);
  speaks(1);
  unload();
  world_.memory = {100, 900, 50};
  ends();
  const auto measure = said_to_broker<protocol::Measured>().at(0).measures.at(0);
  EXPECT_EQ(measure.model, "sine");
  EXPECT_EQ(measure.device, "cpu");
  EXPECT_EQ(measure.lanes, 2);
  EXPECT_EQ(measure.loading_s, 0.5);
  EXPECT_EQ(measure.memory_bytes, 900u);
  EXPECT_EQ(measure.device_bytes, 300u);
}

// ---- out of memory

TEST_F(AgentMemoryTest, LoadsOnceAgainForHalfAsManySegmentsWhenMemoryRanOut) {
  busy(4, 4);
  runs_out();
  EXPECT_EQ(state(), State::loading) << "at once";
  EXPECT_EQ(world_.orders.back().most_lanes, 2);
  const auto failed = said_to_broker<protocol::EngineFailed>().at(0);
  EXPECT_EQ(failed.exit, 6);
  EXPECT_TRUE(failed.leases.empty()) << "no segment is to blame";
  EXPECT_TRUE(said_to_broker<protocol::GiveBack>().empty());
  forget();
  loaded(2);
  EXPECT_EQ(in_engine(), (std::vector<std::uint64_t>{1, 2, 3, 4})) << "no segment is lost";
}

TEST_F(AgentMemoryTest, BacksOffWhenMemoryRunsOutAgainAndGivesTheWorkBack) {
  busy(2, 4);
  runs_out();
  loaded(2);
  forget();
  runs_out();
  EXPECT_EQ(state(), State::backoff);
  EXPECT_EQ(said_to_broker<protocol::GiveBack>().at(0).leases, leases({1, 2}));
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().at(0).leases.empty());
  pass(1s);
  work(1, "sine", 2);
  EXPECT_EQ(world_.orders.back().most_lanes, 1);
}

TEST_F(AgentMemoryTest, LeavesAModelAloneThatRunsOutOfMemoryAgainAndAgain) {
  for (std::uint64_t attempt = 1; attempt <= 4; ++attempt) {
    work(1, "sine", attempt);
    loaded(4);
    runs_out();
    pass(1min);
  }
  EXPECT_EQ(world_.last_beat.refuses, "sine");
  const auto started = world_.started.size();
  pass(8min);
  work(1, "sine", 9);
  EXPECT_EQ(world_.started.size(), started);
  work(2, "bell");
  EXPECT_EQ(world_.started.back(), "bell") << "other work goes on";
  loaded();
  speaks(2);
  pass(3min);
  EXPECT_EQ(world_.last_beat.refuses, "");
}

TEST_F(AgentMemoryTest, CountsARunOfTakesAsRecovery) {
  busy(1, 4);
  runs_out();
  loaded(2);
  speaks(1);
  for (std::uint64_t segment = 10; segment < 30; ++segment) {
    work(segment);
    speaks(segment);
  }
  work(50);
  runs_out();
  EXPECT_EQ(state(), State::loading) << "it is the first time again";
}

TEST_F(AgentMemoryTest, TriesTheFullNumberAgainAfterAnIdleUnload) {
  busy(1, 4);
  runs_out();
  loaded(2);
  speaks(1);
  pass(30s);
  ends();
  work(2);
  EXPECT_EQ(world_.orders.back().most_lanes, 0);
}

TEST_F(AgentMemoryTest, TakesTheKernelsKillForLackOfMemory) {
  busy(2, 2);
  agent_->engine_ended({true, SIGKILL, "", true}, now_);
  EXPECT_EQ(state(), State::loading);
  EXPECT_EQ(said_to_broker<protocol::EngineFailed>().at(0).exit, 6);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().at(0).leases.empty());
}

// ---- growth and pressure

TEST_F(AgentMemoryTest, BeginsAnewBetweenSegmentsWhenTheEngineGrew) {
  AgentOptions options;
  options.engine_growth_bytes = kGb;
  make(options);
  world_.memory.resident_bytes = 2 * kGb;
  busy(2);
  pass(5min);
  world_.memory.resident_bytes = 3 * kGb + 1;
  pass(1s);
  work(3);
  EXPECT_EQ(state(), State::busy) << "what it has begun is finished";
  EXPECT_EQ(in_engine(), (std::vector<std::uint64_t>{1, 2}));
  speaks(1);
  speaks(2);
  EXPECT_EQ(state(), State::draining);
  forget();
  ends();
  EXPECT_EQ(state(), State::loading);
  EXPECT_TRUE(said_to_broker<protocol::EngineFailed>().empty());
  world_.memory.resident_bytes = 2 * kGb;
  loaded();
  EXPECT_EQ(in_engine(), std::vector<std::uint64_t>{3});
}

TEST_F(AgentMemoryTest, DoesNotTakeTheFirstMinutesForALeak) {
  AgentOptions options;
  options.engine_growth_bytes = kGb;
  make(options);
  busy(1);
  pass(1min);
  world_.memory.resident_bytes = 5 * kGb;
  pass(8min);
  speaks(1);
  EXPECT_EQ(state(), State::warm);
}

TEST_F(AgentMemoryTest, GivesWayWhenItIsIdleAndMemoryIsShort) {
  AgentOptions options = on_card();
  options.keep_alive = *parse_keep_alive("1h");
  options.idle_free_bytes = kGb / 4;
  make(options);
  free(kGb);
  busy(1);
  free(kGb / 8);
  pass(5s);
  EXPECT_EQ(state(), State::busy) << "work goes on";
  speaks(1);
  pass(1s);
  EXPECT_EQ(state(), State::draining);
}

// ---- memory that does not come back

TEST_F(AgentMemoryTest, IsNotColdBeforeTheMemoryIsBack) {
  warm();
  world_.back = false;
  unload();
  ends();
  EXPECT_EQ(state(), State::draining);
  EXPECT_EQ(world_.last_beat.engine_pid, 1001) << "of the process that is known to hold it";
  pass(300ms);
  world_.back = true;
  pass(50ms);
  EXPECT_EQ(state(), State::cold);
}

TEST_F(AgentMemoryTest, ReportsMemoryThatDoesNotComeBackAndGoesOn) {
  warm();
  world_.back = false;
  unload();
  ends();
  pass(5s + 50ms);
  EXPECT_EQ(state(), State::cold);
  EXPECT_EQ(world_.last_beat.waits_for, "the engine process 1001 has ended, but its memory on cpu is not back");
  world_.back = true;
  pass(1s);
  EXPECT_EQ(world_.last_beat.waits_for, "");
}

TEST_F(AgentMemoryTest, WaitsForTheMemoryOfADeadEngineBeforeItStartsAnother) {
  busy(2, 2);
  world_.back = false;
  dies(SIGSEGV);
  EXPECT_EQ(state(), State::draining);
  world_.back = true;
  pass(50ms);
  EXPECT_EQ(state(), State::backoff);
  const auto failed = said_to_broker<protocol::EngineFailed>().at(0);
  EXPECT_EQ(failed.leases, leases({1, 2}));
  EXPECT_FALSE(failed.loading);
  EXPECT_EQ(failed.message, "the engine ended by itself: signal 11 (Segmentation fault)");
}

TEST_F(AgentMemoryTest, EndsWhenItIsRetiredWhileItWaitsForTheMemory) {
  warm();
  world_.back = false;
  unload();
  ends();
  tell(protocol::Retire{});
  EXPECT_TRUE(agent_->done());
}

}  // namespace
}  // namespace lectern
