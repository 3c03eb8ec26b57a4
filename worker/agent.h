// The agent's policy: when to start and end the engine, which segments go to it, what the broker is told.
//
// A state machine without clock, sockets or processes: time is passed in, what it wants done goes through AgentEffects.
//
//   cold -> loading -> warm <-> busy -> draining -> cold        loading, warm, busy -> backoff -> cold
//
// Segments stand in one line in the order in which they came; the first may go to the engine, later ones of the same
// model with it. A segment of another model waits until the line before it is done and then has the engine replaced.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"
#include "broker/protocol/wire.h"

namespace lectern {

// What is known about an engine process when it has been started.
struct StartedEngine {
  std::int64_t pid = 0;
  std::int64_t revision = 0, sample_rate_hz = 0;  // by the catalogue; the engine must be the same
};

struct EngineMemory {
  std::uint64_t resident_bytes = 0, peak_bytes = 0;  // 0: no such process
};

// How an engine process ended.
struct EngineEnd {
  bool killed = false;      // by a signal
  int code = 0;             // exit status, or the signal's number
  std::string stderr_tail;  // what it last said outside its log, for people; may be empty
};

// What an agent does to the world. Nothing here may call back into the agent.
class AgentEffects {
 public:
  virtual ~AgentEffects() = default;
  virtual void send_to_broker(protocol::Frames frames) = 0;          // kept until the broker can be reached
  virtual void beat(protocol::Frames heartbeat) = 0;                 // lost when the broker cannot be reached
  virtual StartedEngine start_engine(const std::string& model) = 0;  // throws Fault, then nothing was started
  virtual void send_to_engine(const protocol::Frames& frames) = 0;
  virtual void signal_engine(int signal) = 0;
  virtual EngineMemory engine_memory() = 0;
};

struct AgentOptions {
  std::string worker, device;  // the agent's id; cpu or cuda:N
  std::int64_t pid = 0;
  std::chrono::duration<double> keep_alive{30}, engine_timeout{600};
};

class Agent {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class State { cold, loading, warm, busy, draining, backoff };

  Agent(AgentOptions options, AgentEffects& effects, Time now);

  void begin();  // says ready

  // A message as it came from the socket. One that cannot be used is logged and changes nothing.
  void broker_message(std::vector<std::string> frames, Time now);
  void engine_message(std::vector<std::string> frames, Time now);
  // The engine process is gone and everything that it sent has been passed on.
  void engine_ended(const EngineEnd& end, Time now);
  // Gives back what is not finished and ends the engine; done() follows within about two seconds.
  void retire(Time now);

  void tick(Time now);  // does what is due
  Time next_deadline() const;
  bool done() const { return retiring_ && state_ == State::cold; }
  State state() const { return state_; }

 private:
  struct Held {
    protocol::Work work;
    std::optional<Time> handed;  // to the engine; nullopt: waits in line
  };
  struct Step {  // of ending an engine
    Time at;
    int signal;
  };

  void on_work(const protocol::Work& work, Time now);
  void on_cancel(const protocol::CancelWork& cancel, Time now);
  void on_ready(const protocol::EngineReady& ready, Time now);
  void on_take(protocol::Message message, Time now);
  void on_segment_failed(const protocol::SegmentFailed& failed, Time now);
  void on_engine_failed(const protocol::EngineFailed& failed, Time now);
  void on_unload(Time now);

  void pump(Time now);  // hands out, starts or replaces what the line asks for
  void hand_out(Time now);
  void start(Time now);
  void finish_engine(const std::string& why, Time now);
  void kill_engine(protocol::EngineFailed why);
  void fail(protocol::EngineFailed failure, Time now);
  bool answered(const protocol::Lease& lease, Time now);
  void drop(const protocol::Lease& lease);
  std::optional<Time> stuck_at() const;
  std::optional<Time> idle_until() const;
  bool engine_runs() const;
  std::size_t handed() const;
  std::uint64_t credit() const;

  void say_ready();
  void give_back(const std::vector<protocol::Lease>& leases);
  void beat();
  void become(State state, const std::string& why);

  AgentOptions options_;
  AgentEffects& effects_;
  State state_ = State::cold;
  std::deque<Held> line_;

  StartedEngine engine_;
  std::string model_;                                 // of the engine
  std::int64_t lanes_ = 1;                            // of the engine, once it is ready
  std::optional<protocol::EngineFailed> last_words_;  // why it will have ended, when it is not on our wish
  std::deque<Step> steps_;                            // what is still to be done to end it
  Time progress_{}, idle_since_{}, backoff_until_{};
  std::chrono::seconds backoff_{1};  // before the next start after a failure
  std::size_t suspects_ = 0;         // segments to be spoken alone, until it is clear which one ends the engine
  std::uint64_t memory_before_ = 0;  // of the engine at the last transition

  Time next_beat_, broker_heard_;
  bool broker_lost_ = false, retiring_ = false;
};

const char* name_of(Agent::State state);
// "exit status 5", "signal 9 (Killed)".
std::string describe(const EngineEnd& end);

}  // namespace lectern
