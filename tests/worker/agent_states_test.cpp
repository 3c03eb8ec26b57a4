// Every state of a worker with every event that can reach it: where it goes, and where it stays.
#include <functional>

#include "tests/worker/agent_fixture.h"

namespace lectern {
namespace {

constexpr State kStates[] = {State::cold, State::loading, State::warm, State::busy, State::draining, State::backoff};

TEST(AgentStates, OnlyTheDrawnStepsAreLegal) {
  // Rows: from; columns: to cold, loading, warm, busy, draining, backoff.
  const bool rows[6][6] = {
      {true, true, false, false, false, true},   // cold
      {true, false, true, false, true, true},    // loading
      {true, false, false, true, true, true},    // warm
      {true, false, true, false, true, true},    // busy
      {true, false, false, false, true, true},   // draining
      {true, false, false, false, false, false}  // backoff
  };
  for (const State from : kStates)
    for (const State to : kStates)
      EXPECT_EQ(may_become(from, to), rows[static_cast<int>(from)][static_cast<int>(to)])
          << name_of(from) << " -> " << name_of(to);
}

class AgentStatesTest : public AgentTest {
 protected:
  // A new agent in that state. Segment 1 is held while loading and while busy.
  void bring_to(State state) {
    world_.back = true;
    make({});
    switch (state) {
      case State::cold: break;
      case State::loading: work(1); break;
      case State::warm: warm(); break;
      case State::busy: busy(1); break;
      case State::draining: warm(), unload(); break;
      case State::backoff: work(1), dies(); break;
    }
    ASSERT_EQ(this->state(), state);
  }
  void runs_out_of_memory() { agent_->engine_ended({true, SIGKILL, "", true}, now_); }
  void says_that_it_fails() {
    protocol::EngineFailed failed;
    failed.message = "broken";
    engine_says(failed);
  }
};

TEST_F(AgentStatesTest, EveryEventInEveryStateLeadsWhereItIsDrawn) {
  struct Row {
    const char* event;
    std::function<void()> happens;
    const char* to[6];  // from cold, loading, warm, busy, draining, backoff
  };
  const Row rows[] = {
      {"work", [&] { work(10); }, {"loading", "loading", "busy", "busy", "draining", "backoff"}},
      {"work of another model",
       [&] { work(10, "other"); },
       {"loading", "loading", "draining", "busy", "draining", "backoff"}},
      {"cancel", [&] { cancel(1); }, {"cold", "loading", "warm", "warm", "draining", "backoff"}},
      {"load", [&] { load("sine"); }, {"loading", "loading", "warm", "busy", "draining", "backoff"}},
      {"load another model", [&] { load("other"); }, {"loading", "loading", "draining", "busy", "draining", "backoff"}},
      {"unload", [&] { unload(); }, {"cold", "draining", "draining", "draining", "draining", "backoff"}},
      {"unload now", [&] { unload(true); }, {"cold", "draining", "draining", "draining", "draining", "backoff"}},
      {"who", [&] { tell(protocol::Who{}); }, {"cold", "loading", "warm", "busy", "draining", "backoff"}},
      {"heartbeat", [&] { answer_heartbeat(); }, {"cold", "loading", "warm", "busy", "draining", "backoff"}},
      {"retire", [&] { tell(protocol::Retire{}); }, {"cold", "draining", "draining", "draining", "draining", "cold"}},

      {"engine ready", [&] { loaded(); }, {"cold", "busy", "warm", "busy", "draining", "backoff"}},
      {"take", [&] { speaks(1); }, {"cold", "loading", "warm", "warm", "draining", "backoff"}},
      {"segment failed", [&] { fails(1); }, {"cold", "loading", "warm", "warm", "draining", "backoff"}},
      {"engine says that it fails",
       [&] { says_that_it_fails(); },
       {"cold", "draining", "draining", "draining", "draining", "backoff"}},
      {"engine ends", [&] { ends(); }, {"cold", "backoff", "backoff", "backoff", "cold", "backoff"}},
      {"engine is killed", [&] { dies(); }, {"cold", "backoff", "backoff", "backoff", "cold", "backoff"}},
      {"engine ends, its memory is not back",
       [&] { world_.back = false, dies(); },
       {"cold", "draining", "draining", "draining", "draining", "backoff"}},
      {"engine runs out of memory",
       [&] { runs_out_of_memory(); },
       {"cold", "loading", "loading", "loading", "cold", "backoff"}},

      {"a second passes", [&] { pass(1s); }, {"cold", "loading", "warm", "busy", "draining", "cold"}},
      {"keep_alive passes", [&] { pass(2min); }, {"cold", "loading", "draining", "busy", "draining", "cold"}},
      {"engine_timeout passes", [&] { pass(11min); }, {"cold", "draining", "draining", "draining", "draining", "cold"}},
  };
  for (const Row& row : rows)
    for (const State from : kStates) {
      SCOPED_TRACE(std::string(name_of(from)) + " + " + row.event);
      bring_to(from);
      const int beats = world_.beats;
      row.happens();
      EXPECT_STREQ(name_of(state()), row.to[static_cast<int>(from)]);
      EXPECT_TRUE(state() == from || world_.beats > beats) << "the broker was not told";
      EXPECT_TRUE(world_.beats == beats || world_.last_beat.state == name_of(state())) << world_.last_beat.state;
    }
}

}  // namespace
}  // namespace lectern
