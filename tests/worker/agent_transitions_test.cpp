// Every change of state: that it happens for its cause, stands in the log with the memory before and after, and that no
// other one ever happens, whatever comes in whatever order.
#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <map>
#include <random>
#include <regex>
#include <set>
#include <sstream>

#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

using Change = std::pair<std::string, std::string>;

class AgentTransitions : public AgentTest {
 protected:
  AgentTransitions() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("agent", std::make_shared<spdlog::sinks::ostream_sink_st>(said_));
    logger->set_pattern("%l %v");
    logger->set_level(spdlog::level::info);
    spdlog::set_default_logger(logger);
  }
  ~AgentTransitions() override { spdlog::set_default_logger(before_); }

  // The lines of changes since the last call.
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    std::istringstream in(said_.str());
    for (std::string line; std::getline(in, line);)
      if (std::regex_search(line, kChange)) found.push_back(line);
    said_.str("");
    return found;
  }
  std::vector<Change> changes() {
    std::vector<Change> found;
    for (const std::string& line : lines()) {
      std::smatch words;
      std::regex_search(line, words, kChange);
      found.emplace_back(words[1], words[2]);
    }
    return found;
  }

  static inline const std::regex kChange{R"(^\w+ (\w+) -> (\w+): )"};
  std::ostringstream said_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(AgentTransitions, StandInTheLogWithTheMemoryOfHostAndDeviceBeforeAndAfter) {
  AgentOptions options;
  options.device = "cuda:0";
  world_.card = {true, 6'000'000'000, 5'000'000'000};
  make(options);
  agent_->begin(now_);
  work(1);
  world_.memory = {900'000'000, 900'000'000, 2'000'000'000};
  world_.card.free_bytes = 3'000'000'000;
  loaded();
  pass(1s);
  speaks(1);
  pass(30s);
  world_.memory = {};
  world_.card.free_bytes = 5'000'000'000;
  ends();
  EXPECT_THAT(
      lines(),
      testing::ElementsAre("info cold -> loading: model 'sine' is wanted; engine memory 0.0 -> 0.0 MB; free 5000.0 -> "
                           "5000.0 MB",
                           "info loading -> warm: loaded in 0.50 s, 2 lanes; engine memory 0.0 -> 900.0 MB, on the "
                           "device 0.0 -> 2000.0 MB; free 5000.0 -> 3000.0 MB",
                           "info warm -> busy: segments to speak; engine memory 900.0 -> 900.0 MB, on the device "
                           "2000.0 -> 2000.0 MB",
                           "info busy -> warm: nothing left to speak; engine memory 900.0 -> 900.0 MB, on the device "
                           "2000.0 -> 2000.0 MB",
                           "info warm -> draining: idle, keep_alive auto, 30s; engine memory 900.0 -> 900.0 MB, on "
                           "the device 2000.0 -> 2000.0 MB; free 3000.0 -> 3000.0 MB",
                           "info draining -> cold: exit status 0; engine memory 900.0 -> 0.0 MB, on the device 2000.0 "
                           "-> 0.0 MB; free 3000.0 -> 5000.0 MB"));
}

// What brings the agent from one state to the next; each row begins with a fresh agent.
TEST_F(AgentTransitions, HappenEachForItsCause) {
  using Steps = std::function<void()>;
  const std::vector<std::pair<Steps, std::vector<Change>>> rows = {
      {[&] { work(1), loaded(); }, {{"cold", "loading"}, {"loading", "warm"}, {"warm", "busy"}}},
      {[&] { work(1), dies(); }, {{"cold", "loading"}, {"loading", "backoff"}}},
      {[&] { load("sine"), unload(), dies(SIGTERM); },
       {{"cold", "loading"}, {"loading", "draining"}, {"draining", "cold"}}},
      {[&] { load("missing"), pass(1s); }, {{"cold", "backoff"}, {"backoff", "cold"}}},
      {[&] { load("sine"), loaded(), dies(); }, {{"cold", "loading"}, {"loading", "warm"}, {"warm", "backoff"}}},
      {[&] { work(1), loaded(), dies(); },
       {{"cold", "loading"}, {"loading", "warm"}, {"warm", "busy"}, {"busy", "backoff"}}},
      {[&] { work(1), loaded(), unload(), speaks(1), ends(); },
       {{"cold", "loading"},
        {"loading", "warm"},
        {"warm", "busy"},
        {"busy", "draining"},
        {"draining", "cold"}}},
      {[&] { work(1), loaded(), agent_->engine_ended({true, SIGKILL, "", true}, now_); },
       {{"cold", "loading"}, {"loading", "warm"}, {"warm", "busy"}, {"busy", "cold"}, {"cold", "loading"}}},
      {[&] { load("sine"), loaded(), agent_->engine_ended({true, SIGKILL, "", true}, now_); },
       {{"cold", "loading"}, {"loading", "warm"}, {"warm", "cold"}, {"cold", "loading"}}},
      {[&] { work(1), pass(10min), dies(); },
       {{"cold", "loading"}, {"loading", "draining"}, {"draining", "backoff"}}},
  };
  for (const auto& [steps, expected] : rows) {
    make({});
    changes();
    steps();
    EXPECT_EQ(changes(), expected);
  }
}

// A year's worth of accidents: whatever happens, only these changes do, one engine lives at a time, no lease is lost,
// and when all is quiet nothing is left in memory.
TEST_F(AgentTransitions, AreNoOthersWhateverComesInWhateverOrder) {
  const std::set<Change> allowed = {
      {"cold", "loading"},     {"cold", "backoff"},    {"loading", "warm"}, {"loading", "draining"},
      {"loading", "backoff"},  {"loading", "cold"},    {"warm", "busy"},    {"warm", "draining"},
      {"warm", "backoff"},     {"warm", "cold"},       {"busy", "warm"},    {"busy", "draining"},
      {"busy", "backoff"},     {"busy", "cold"},       {"draining", "cold"}, {"draining", "backoff"},
      {"backoff", "cold"}};
  std::set<Change> seen;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
    world_ = FakeWorld();
    world_.machine = {true, 8'000, 8'000};
    AgentOptions options;
    options.memory_short = seed % 3 == 0 ? "fail" : "wait";
    make(options);
    agent_->begin(now_);
    std::uint64_t segment = 0;
    std::map<std::uint64_t, bool> answered;  // by segment
    const auto note_answers = [&] {
      const auto all = [&](const std::vector<Lease>& leases) {
        for (const Lease& lease : leases) answered[lease.segment] = true;
      };
      for (const auto& take : said_to_broker<protocol::Take>()) all({take.lease});
      for (const auto& failed : said_to_broker<protocol::SegmentFailed>()) all({failed.lease});
      for (const auto& back : said_to_broker<protocol::GiveBack>()) all(back.leases);
      for (const auto& failed : said_to_broker<protocol::EngineFailed>()) all(failed.leases);
      world_.to_broker.clear();
    };
    std::size_t ended = 0;  // of the engines that were started
    const auto end_engine = [&](EngineEnd end) {
      if (ended == world_.started.size()) return;
      ++ended;
      agent_->engine_ended(end, now_);
    };
    for (int step = 0; step < 300; ++step) {
      switch (below(16)) {
        case 0:
        case 1:
        case 2:
          work(++segment, below(4) == 0 ? "bell" : below(12) == 0 ? "missing" : "sine");
          answered.emplace(segment, false);
          break;
        case 3:
        case 4:
          loaded(1 + below(4));
          break;
        case 5:
        case 6:
        case 7:
          speaks(segment > 0 ? segment - below(std::min<unsigned>(4, static_cast<unsigned>(segment))) : 1);
          break;
        case 8:
          end_engine({below(2) == 0, static_cast<int>(1 + below(15)), "", below(4) == 0});
          break;
        case 9:
          end_engine({false, 0, "", false});
          break;
        case 10:
          unload(below(2) == 0);
          break;
        case 11:
          load(below(3) == 0 ? "bell" : "sine", below(2) == 0 ? "forever" : "");
          break;
        case 12:
          if (ended < world_.started.size()) engine_says(protocol::EngineFailed{});
          break;
        case 13:
          world_.back = below(2) == 0;
          world_.need = below(3) == 0 ? 9'000 : 10;
          break;
        default:
          pass(std::chrono::milliseconds(below(8) == 0 ? 700'000 : below(5'000)));
      }
      ASSERT_LE(world_.started.size() - ended, 1u) << "two engines at once";
      note_answers();
    }
    // Now all is well: every engine does what it is told, and memory is there.
    world_.back = true;
    world_.need = 0;
    tell(protocol::Load{"sine", "0"});
    for (int round = 0; round < 100; ++round) {
      if (state() == State::loading) loaded();
      for (const auto& [number, done] : answered)
        if (!done) speaks(number);
      if (state() == State::draining) end_engine({false, 0, "", false});
      pass(10s);
      note_answers();
    }
    EXPECT_EQ(state(), State::cold);
    EXPECT_EQ(ended, world_.started.size()) << "an engine is left";
    for (const auto& [number, done] : answered) EXPECT_TRUE(done) << "segment " << number << " is lost";
    for (const Change& change : changes()) {
      EXPECT_TRUE(allowed.count(change)) << change.first << " -> " << change.second;
      seen.insert(change);
    }
    if (HasFailure()) return;
  }
  seen.insert({"warm", "cold"});  // rare; shown above
  EXPECT_EQ(seen, allowed) << "a change that nothing brings about";
}

}  // namespace
}  // namespace lectern
