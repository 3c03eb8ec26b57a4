// The agent's policy: when to start and end the engine, which segments go to it, what the broker is told.
//
// A state machine without clock, sockets or processes: time is passed in, what it wants done goes through AgentEffects.
//
//   cold -> loading -> warm <-> busy -> draining -> cold        cold, loading, warm, busy, draining -> backoff -> cold
//   loading, warm -> draining: not wanted any more              loading, warm, busy -> cold: ended by lack of memory, once
//
// Segments stand in one line in the order in which they came; the first may go to the engine, later ones of the same
// model with it. A segment of another model waits until the line before it is done and then has the engine replaced.
// Without work a model is loaded when somebody asks for it, or ahead of work that is known to come.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"
#include "broker/protocol/wire.h"
#include "config/keep_alive.h"
#include "worker/admission.h"
#include "worker/line.h"
#include "worker/stay.h"

namespace lectern {

// How an engine is to be started.
struct EngineOrder {
  std::string model, device;
  std::int64_t most_lanes = 0;  // 0: as many as it likes
};

// What is known about an engine process when it has been started.
struct StartedEngine {
  std::int64_t pid = 0;
  std::int64_t revision = 0, sample_rate_hz = 0;  // by the catalogue; the engine must be the same
};

struct EngineMemory {
  std::uint64_t resident_bytes = 0, peak_bytes = 0;  // 0: no such process
  std::uint64_t device_bytes = 0;                    // as the driver tells; 0: none, or it does not tell
};

// How an engine process ended.
struct EngineEnd {
  bool killed = false;         // by a signal
  int code = 0;                // exit status, or the signal's number
  std::string stderr_tail;     // what it last said outside its log, for people; may be empty
  bool out_of_memory = false;  // the kernel ended it because memory ran out
};

// What an agent does to the world. Nothing here may call back into the agent.
class AgentEffects {
 public:
  virtual ~AgentEffects() = default;
  virtual void send_to_broker(protocol::Frames frames) = 0;          // kept until the broker can be reached
  virtual void beat(protocol::Frames heartbeat) = 0;                 // lost when the broker cannot be reached
  virtual StartedEngine start_engine(const EngineOrder& order) = 0;  // throws Fault, then nothing was started
  virtual void send_to_engine(const protocol::Frames& frames) = 0;
  virtual void signal_engine(int signal) = 0;
  virtual EngineMemory engine_memory() = 0;
  virtual MemoryRoom room(const std::string& device) = 0;
  virtual std::string memory_holders(const std::string& device) = 0;   // for people; may be empty
  virtual std::uint64_t catalogue_need(const std::string& model) = 0;  // bytes with one lane; 0: not known
  // Nothing of an engine process that has ended is held any more, neither by the system nor on its device.
  virtual bool memory_is_back(std::int64_t pid) = 0;
  virtual std::int64_t wall_ms() = 0;
  // Throws Fault when this machine would speak it otherwise than the broker's: a model or voice that is not here or not
  // the same.
  virtual void check_sound(const protocol::Work& work) = 0;
};

struct AgentOptions {
  std::string worker, device;  // the agent's id; cpu or cuda:N
  std::int64_t pid = 0;
  KeepAlive keep_alive;
  std::chrono::duration<double> engine_timeout{600};
  std::string preload;                     // a model to load at the start; empty: none
  std::string memory_short = "wait";       // a model that does not fit: wait, cpu (speak there instead) or fail
  std::uint64_t memory_reserve_bytes = 0;  // of the device, never touched
  std::uint64_t idle_free_bytes = 0;       // an idle model goes while less than this is free; 0: never
  std::uint64_t engine_growth_bytes = 0;   // an engine that grew so much begins anew; 0: never
};

class Agent {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  enum class State { cold, loading, warm, busy, draining, backoff };

  Agent(AgentOptions options, AgentEffects& effects, Time now);

  void begin(Time now);  // says ready

  // A message as it came from the socket. One that cannot be used is logged and changes nothing.
  void broker_message(std::vector<std::string> frames, Time now);
  void engine_message(std::vector<std::string> frames, Time now);
  // The engine process is gone and everything that it sent has been passed on.
  void engine_ended(const EngineEnd& end, Time now);
  // Gives back what is not finished and ends the engine; done() follows within about two seconds.
  void retire(Time now);

  void tick(Time now);  // does what is due
  Time next_deadline(Time now) const;
  bool done() const { return retiring_ && state_ == State::cold; }
  State state() const { return state_; }

 private:
  struct Step {  // of ending an engine
    Time at;
    int signal;
  };
  struct Wish {  // for a model without work
    std::string model;
    std::optional<KeepAlive> keep;  // nullopt: as set
    bool ahead = false;             // of expected work
  };
  struct Refusal {  // of a model's work
    std::string model, reason;
    Time until;  // not looked at again before
  };
  struct Gone {  // an engine process that has ended, whose memory is not back yet
    std::int64_t pid;
    EngineEnd end;
    std::optional<protocol::EngineFailed> failure;
    Time since, next_look;
  };

  void on_work(const protocol::Work& work, Time now);
  bool speaks_alike(const protocol::Work& work);
  void on_cancel(const protocol::CancelWork& cancel, Time now);
  void on_ready(const protocol::EngineReady& ready, Time now);
  void on_take(protocol::Message message, Time now);
  void on_segment_failed(const protocol::SegmentFailed& failed, Time now);
  void on_engine_failed(const protocol::EngineFailed& failed, Time now);
  void on_unload(bool at_once, Time now);
  void on_load(const protocol::Load& load, Time now);
  void on_heartbeat(const protocol::Heartbeat& heartbeat, Time now);
  bool answered(const protocol::Lease& lease, Time now);
  void drop(const protocol::Lease& lease);

  // ---- the engine's life (agent_engine.cpp)
  void pump(Time now);  // hands out, starts or replaces what the line or a wish asks for
  void hand_out(Time now);
  void start(const std::string& model, Time now);
  Admission look_for_room(const std::string& model, const std::string& device);
  void refuse(const std::string& model, const Admission& why, Time now);
  void give_up(const std::string& model, const std::string& why, int exit, const std::string& hint);
  void finish_engine(const std::string& why, Time now);
  void end_at_once(const std::string& why, Time now);
  void kill_engine(protocol::EngineFailed why, Time now);
  std::optional<protocol::EngineFailed> failure_of(const EngineEnd& end) const;
  void conclude(const EngineEnd& end, std::optional<protocol::EngineFailed> failure, Time now);
  void fail(protocol::EngineFailed failure, Time now);
  void ran_out_of_memory(protocol::EngineFailed failure, Time now);
  void back_off(const std::string& why, Time now);
  void look_for_memory(Time now);
  void look_at_growth(Time now);
  void look_at_refusal(Time now);
  void look_at_pressure(Time now);
  void look_ahead(Time now);
  std::optional<Time> look_ahead_at(Time now) const;
  std::optional<Time> stuck_at() const;
  std::optional<Time> idle_until(Time now) const;
  bool engine_runs() const { return engine_.pid != 0; }
  std::uint64_t credit() const;

  // ---- what the broker is told, and the log
  void say_ready();
  void give_back(const std::vector<protocol::Lease>& leases);
  void say_measured();
  void sample();
  void beat(Time now);
  void become(State state, const std::string& why, Time now);

  AgentOptions options_;
  AgentEffects& effects_;
  State state_ = State::cold;
  Line line_;
  Measures measures_;

  StartedEngine engine_;
  std::string model_, engine_device_;                 // of the engine
  std::int64_t lanes_ = 1;                            // of the engine, once it is ready
  double loading_s_ = 0;                              // the same
  std::uint64_t takes_ = 0;                           // of the engine
  std::optional<protocol::EngineFailed> last_words_;  // why it will have ended, when it is not on our wish
  std::deque<Step> steps_;                            // what is still to be done to end it
  std::optional<Gone> gone_;
  Time progress_{}, idle_since_{}, ready_at_{}, backoff_until_{};
  std::chrono::seconds backoff_{1};  // before the next start after a failure
  std::size_t suspects_ = 0;         // segments to be spoken alone, until it is clear which one ends the engine

  std::optional<Wish> wish_;
  std::optional<Stay::Expected> expected_;
  Stay stay_;

  std::optional<Refusal> refusal_;
  std::string waits_for_;                            // what else holds the loading up, for people
  std::int64_t lost_pid_ = 0;                        // an ended engine whose memory was not given back in time
  std::map<std::string, std::int64_t> lanes_limit_;  // after memory ran out, by model
  int memory_ran_out_ = 0;                           // times in a row
  std::uint64_t takes_since_ = 0;                    // since it did

  EngineMemory memory_, memory_before_;  // of the engine: last sample, at the last transition
  MemoryRoom room_before_;
  std::uint64_t peak_bytes_ = 0, peak_device_bytes_ = 0;
  std::uint64_t settled_bytes_ = 0, settled_device_bytes_ = 0;  // the most while it settled
  std::string recycle_;                                         // why the engine is to begin anew; empty: it is not

  Time next_beat_, broker_heard_;
  bool broker_lost_ = false, retiring_ = false;
};

const char* name_of(Agent::State state);
// Whether the drawing above has that step. become() refuses every other.
bool may_become(Agent::State from, Agent::State to);
// "exit status 5", "signal 9 (Killed)".
std::string describe(const EngineEnd& end);

}  // namespace lectern
