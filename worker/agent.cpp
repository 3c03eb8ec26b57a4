// How it works: `line_` holds every lease. Segments at its front that went to the engine are `handed`. Every event ends
// in pump(), which does what the front of the line asks for, and every wait is a member of type Time that
// next_deadline() and tick() both look at. The engine's own life is in agent_engine.cpp.
#include "worker/agent.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "config/fault.h"

namespace lectern {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 1s;
constexpr auto kBrokerSilence = 10s;  // after which it is reported as gone
constexpr auto kExpectedLate = 5s;    // expected work is forgotten so long after its time

double mb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

struct Transition {
  Agent::State from, to;
};
using State = Agent::State;
constexpr Transition kTransitions[] = {
    {State::cold, State::cold},          // retired
    {State::cold, State::loading},       {State::cold, State::backoff},      // could not be started
    {State::loading, State::warm},       {State::loading, State::draining},
    {State::loading, State::backoff},    {State::loading, State::cold},      // ended; to be loaded again at once
    {State::warm, State::busy},          {State::warm, State::draining},
    {State::warm, State::backoff},       {State::warm, State::cold},
    {State::busy, State::warm},          {State::busy, State::draining},
    {State::busy, State::backoff},       {State::busy, State::cold},
    {State::draining, State::draining},  // ended more urgently
    {State::draining, State::cold},      {State::draining, State::backoff},  // it had failed
    {State::backoff, State::cold},
};

}  // namespace

bool may_become(Agent::State from, Agent::State to) {
  return std::any_of(std::begin(kTransitions), std::end(kTransitions),
                     [&](const Transition& t) { return t.from == from && t.to == to; });
}

Agent::Agent(AgentOptions options, AgentEffects& effects, Time now)
    : options_(std::move(options)), effects_(effects), next_beat_(now + kBeat), broker_heard_(now) {}

void Agent::begin(Time now) {
  room_before_ = effects_.room(options_.device);
  say_ready();
  if (options_.preload.empty()) return;
  wish_ = Wish{options_.preload, std::nullopt, false};
  pump(now);
}

// ---- what the broker says -------------------------------------------------------------------------------------------

void Agent::broker_message(std::vector<std::string> frames, Time now) try {
  const protocol::Message message = protocol::decode(std::move(frames));
  broker_heard_ = now;
  if (broker_lost_) spdlog::info("the broker answers again");
  broker_lost_ = false;
  if (message.type == protocol::Heartbeat::kType)
    on_heartbeat(protocol::parse<protocol::Heartbeat>(message), now);
  else if (message.type == protocol::Work::kType)
    on_work(protocol::parse<protocol::Work>(message), now);
  else if (message.type == protocol::CancelWork::kType)
    on_cancel(protocol::parse<protocol::CancelWork>(message), now);
  else if (message.type == protocol::Load::kType)
    on_load(protocol::parse<protocol::Load>(message), now);
  else if (message.type == protocol::Unload::kType)
    on_unload(protocol::parse<protocol::Unload>(message).now, now);
  else if (message.type == protocol::Measured::kType)
    for (const auto& measure : protocol::parse<protocol::Measured>(message).measures) measures_.learn(measure);
  else if (message.type == protocol::Who::kType)
    say_ready();
  else if (message.type == protocol::Retire::kType)
    retire(now);
  else if (message.type == protocol::Error::kType)
    spdlog::warn("the broker refused a message: {}", protocol::parse<protocol::Error>(message).message);
  else
    spdlog::warn("message '{}' from the broker ignored", message.type.substr(0, 40));
} catch (const Fault& fault) {
  spdlog::warn("message from the broker ignored: {}", fault.what());
}

// The broker tells with every answer what work it expects. When it tells of none any more, that work is there, or it
// was cancelled.
void Agent::on_heartbeat(const protocol::Heartbeat& heartbeat, Time now) {
  if (!heartbeat.expected_model.empty()) {
    expected_ = Stay::Expected{heartbeat.expected_model, now + std::chrono::milliseconds(heartbeat.expected_in_ms)};
  } else if (expected_ && (now < expected_->at - kBeat || now >= expected_->at + kExpectedLate)) {
    expected_.reset();
  }
  if (wish_ && wish_->ahead && !expected_) wish_.reset();
}

void Agent::on_work(const protocol::Work& work, Time now) {
  if (retiring_) return give_back({work.lease});
  if (const Line::Held* held = line_.find(work.lease.segment)) {
    if (held->work.lease.attempt >= work.lease.attempt) return;  // sent twice, or overtaken by a newer try
    drop(held->work.lease);
  }
  if (refusal_ && refusal_->model == work.model) return give_back({work.lease});
  if (!work.sound.empty() && !speaks_alike(work)) return;
  line_.add(work);
  pump(now);
}

// Otherwise the broker is told why, and gives the model's work to others from then on.
bool Agent::speaks_alike(const protocol::Work& work) {
  try {
    effects_.check_sound(work);
    return true;
  } catch (const Fault& fault) {
    spdlog::error("{} ({})", fault.what(), fault.hint());
    protocol::EngineFailed failure;
    failure.model = work.model;
    failure.message = fault.what();
    failure.hint = fault.hint();
    failure.exit = static_cast<int>(fault.exit());
    failure.loading = failure.final = true;
    failure.leases = {work.lease};
    effects_.send_to_broker(protocol::encode(failure));
    return false;
  }
}

void Agent::on_cancel(const protocol::CancelWork& cancel, Time now) {
  for (const protocol::Lease& lease : cancel.leases) drop(lease);
  if (state_ == State::busy && line_.handed() == 0) {
    idle_since_ = now;
    become(State::warm, "cancelled", now);
  }
  pump(now);
}

// Forgets a lease, here and in the engine, without an answer.
void Agent::drop(const protocol::Lease& lease) {
  const protocol::Lease dropped = lease;  // it may be the line's own
  const auto held = line_.remove(dropped);
  if (held && held->handed) effects_.send_to_engine(protocol::encode(protocol::CancelWork{{dropped}}));
}

void Agent::on_load(const protocol::Load& load, Time now) {
  const auto keep = parse_keep_alive(load.keep);
  if (retiring_) return;
  if (refusal_ && refusal_->model == load.model) refusal_.reset();
  waits_for_.clear();
  if (load.model == model_ && (state_ == State::warm || state_ == State::busy)) {
    stay_.keep(keep.value_or(options_.keep_alive), effects_.wall_ms());
    idle_since_ = now;
    wish_.reset();
    return beat(now);
  }
  wish_ = Wish{load.model, keep, false};
  pump(now);
}

// What the engine has begun is finished; what it has not is given back when it has ended.
void Agent::on_unload(bool at_once, Time now) {
  wish_.reset();
  expected_.reset();
  refusal_.reset();
  waits_for_.clear();
  if (state_ == State::cold) return beat(now);
  if (state_ != State::loading && state_ != State::warm && state_ != State::busy) return;
  give_back(line_.remove_waiting());
  if (at_once || state_ == State::loading) {
    end_at_once("asked to unload", now);
    return give_back(line_.remove_handed());
  }
  finish_engine("asked to unload", now);
}

void Agent::retire(Time now) {
  if (retiring_) return;
  retiring_ = true;
  wish_.reset();
  const auto leases = line_.leases();
  if (engine_runs())
    end_at_once("asked to end", now);
  else
    become(State::cold, "asked to end", now);
  line_.remove_all();
  give_back(leases);
}

// ---- what the engine says -------------------------------------------------------------------------------------------

void Agent::engine_message(std::vector<std::string> frames, Time now) try {
  if (!engine_runs()) return;
  protocol::Message message = protocol::decode(std::move(frames));
  if (message.type == protocol::Take::kType)
    on_take(std::move(message), now);
  else if (message.type == protocol::SegmentFailed::kType)
    on_segment_failed(protocol::parse<protocol::SegmentFailed>(message), now);
  else if (message.type == protocol::EngineReady::kType)
    on_ready(protocol::parse<protocol::EngineReady>(message), now);
  else if (message.type == protocol::EngineFailed::kType)
    on_engine_failed(protocol::parse<protocol::EngineFailed>(message), now);
  else
    spdlog::warn("message '{}' from the engine ignored", message.type.substr(0, 40));
} catch (const Fault& fault) {
  spdlog::warn("message from the engine ignored: {}", fault.what());
}

void Agent::on_take(protocol::Message message, Time now) {
  const auto take = protocol::parse<protocol::Take>(message);
  if (!answered(take.lease, now)) return;
  backoff_ = 1s;
  waits_for_.clear();
  ++takes_;
  ++takes_since_;
  effects_.send_to_broker(protocol::encode(take, 0, std::move(message.payload)));
  pump(now);
}

void Agent::on_segment_failed(const protocol::SegmentFailed& failed, Time now) {
  if (!answered(failed.lease, now)) return;
  effects_.send_to_broker(protocol::encode(failed));
  pump(now);
}

// The engine is done with a segment. false: nobody waits for it any more.
bool Agent::answered(const protocol::Lease& lease, Time now) {
  progress_ = now;
  const Line::Held* held = line_.find(lease.segment);
  if (!held || !held->handed || held->work.lease != lease) {
    spdlog::debug("answer for segment {} try {}, which is not held, dropped", lease.segment, lease.attempt);
    return false;
  }
  line_.remove(lease);
  if (suspects_ > 0) --suspects_;
  if (state_ == State::busy && line_.handed() == 0) {
    idle_since_ = now;
    become(State::warm, "nothing left to speak", now);
  }
  return true;
}

// ---- time -----------------------------------------------------------------------------------------------------------

Agent::Time Agent::next_deadline(Time now) const {
  Time next = next_beat_;
  const auto sooner = [&](std::optional<Time> at) { next = at ? std::min(next, *at) : next; };
  if (!broker_lost_) sooner(broker_heard_ + kBrokerSilence);
  if (!steps_.empty()) sooner(steps_.front().at);
  if (state_ == State::backoff) sooner(backoff_until_);
  if (gone_) sooner(gone_->next_look);
  sooner(stuck_at());
  sooner(idle_until(now));
  sooner(look_ahead_at(now));
  return next;
}

void Agent::tick(Time now) {
  if (gone_) look_for_memory(now);
  if (state_ == State::backoff && now >= backoff_until_) {
    if (lost_pid_ == 0) waits_for_.clear();
    become(State::cold, "ready for another try", now);
    pump(now);
  }
  if (const auto at = stuck_at(); at && now >= *at) {
    protocol::EngineFailed failure;
    failure.message = fmt::format("the engine made no progress for {:g} s", options_.engine_timeout.count());
    failure.hint = "on a slow machine, set a larger `engine_timeout_s` in config.yaml";
    kill_engine(std::move(failure), now);
  }
  if (const auto at = idle_until(now); at && now >= *at) finish_engine("idle, " + stay_.describe(), now);
  look_ahead(now);
  while (!steps_.empty() && now >= steps_.front().at) {
    spdlog::warn("the engine did not end when asked; sending signal {}", steps_.front().signal);
    effects_.signal_engine(steps_.front().signal);
    steps_.pop_front();
  }
  if (!broker_lost_ && now >= broker_heard_ + kBrokerSilence) {
    broker_lost_ = true;
    spdlog::warn("the broker does not answer; trying on");
  }
  if (now >= next_beat_) {
    next_beat_ = now + kBeat;
    sample();
    look_at_growth(now);
    look_at_pressure(now);
    look_at_refusal(now);
    beat(now);
  }
}

// ---- what the broker is told ----------------------------------------------------------------------------------------

std::uint64_t Agent::credit() const {
  if (retiring_ || state_ == State::backoff) return 0;
  return suspects_ > 0 ? 1 : 2 * static_cast<std::uint64_t>(lanes_);  // one in a lane, one behind it
}

void Agent::say_ready() {
  protocol::Ready ready;
  ready.worker = options_.worker;
  ready.device = options_.device;
  ready.version = LECTERN_VERSION;
  ready.pid = options_.pid;
  ready.credit = credit();
  ready.leases = line_.leases();
  effects_.send_to_broker(protocol::encode(ready));
}

void Agent::give_back(const std::vector<protocol::Lease>& leases) {
  if (!leases.empty()) effects_.send_to_broker(protocol::encode(protocol::GiveBack{leases}));
}

// What the engine that is about to go took; peaks only from one that spoke.
void Agent::say_measured() {
  if (loading_s_ == 0) return;
  protocol::Measure measure;
  measure.model = model_;
  measure.device = engine_device_;
  measure.lanes = lanes_;
  measure.loading_s = loading_s_;
  if (takes_ > 0) {
    measure.memory_bytes = peak_bytes_;
    measure.device_bytes = peak_device_bytes_;
  }
  measures_.learn(measure);
  effects_.send_to_broker(protocol::encode(protocol::Measured{{measure}}));
}

void Agent::sample() {
  memory_ = engine_runs() ? effects_.engine_memory() : EngineMemory{};
  if (!engine_runs()) return;
  peak_bytes_ = std::max({peak_bytes_, memory_.peak_bytes, memory_.resident_bytes});
  peak_device_bytes_ = std::max(peak_device_bytes_, memory_.device_bytes);
}

void Agent::beat(Time now) {
  protocol::Heartbeat heartbeat;
  heartbeat.worker = options_.worker;
  heartbeat.state = name_of(state_);
  if (engine_runs()) {
    heartbeat.model = model_;
    heartbeat.peak_memory_bytes = peak_bytes_;
    heartbeat.peak_device_bytes = peak_device_bytes_;
    if (engine_device_ != options_.device) heartbeat.device = engine_device_;
  }
  heartbeat.engine_pid = gone_ ? gone_->pid : engine_.pid;
  heartbeat.credit = credit();
  heartbeat.memory_bytes = memory_.resident_bytes;
  heartbeat.device_bytes = memory_.device_bytes;
  if (refusal_) heartbeat.refuses = refusal_->model;
  heartbeat.waits_for = refusal_ ? refusal_->reason : waits_for_;
  if (state_ == State::warm && line_.empty()) {
    const auto until = idle_until(now);
    heartbeat.unload_in_ms =
        until ? std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(*until - now).count()) : -1;
  }
  effects_.beat(protocol::encode(heartbeat));
}

// The drawing in agent.h, and nothing else: a step that it does not know is a fault of this program.
// Work comes and goes often: then the memory is that of the last beat, and nobody is asked.
void Agent::become(State state, const std::string& why, Time now) {
  if (!may_become(state_, state))
    throw std::logic_error(fmt::format("the agent cannot go from {} to {} ({})", name_of(state_), name_of(state), why));
  const bool routine = (state == State::warm && state_ == State::busy) || state == State::busy;
  const State before = std::exchange(state_, state);
  if (!routine) sample();
  const auto change = [](std::uint64_t from, std::uint64_t to) { return fmt::format("{:.1f} -> {:.1f} MB", mb(from), mb(to)); };
  std::string memory = "engine memory " + change(memory_before_.resident_bytes, memory_.resident_bytes);
  if (memory_.device_bytes > 0 || memory_before_.device_bytes > 0)
    memory += ", on the device " + change(memory_before_.device_bytes, memory_.device_bytes);
  memory_before_ = memory_;
  if (!routine) {
    const MemoryRoom room = effects_.room(engine_device_.empty() ? options_.device : engine_device_);
    if (room.known) memory += "; free " + change(room_before_.free_bytes, room.free_bytes);
    room_before_ = room;
  }
  spdlog::log(state == State::backoff ? spdlog::level::err : spdlog::level::info, "{} -> {}: {}; {}", name_of(before),
              name_of(state), why, memory);
  beat(now);
}

}  // namespace lectern
