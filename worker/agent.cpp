// How it works: `line_` holds every lease. Segments at its front that went to the engine are `handed`. Every event ends
// in pump(), which does what the front of the line asks for, and every wait is a member of type Time that
// next_deadline() and tick() both look at.
#include "worker/agent.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace lectern {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 1s;
constexpr auto kBrokerSilence = 10s;  // after which it is reported as gone
constexpr auto kFinishTime = 5s;      // for an engine to end by itself
constexpr auto kTermTime = 2s;        // for SIGTERM to end it
constexpr auto kRetireTime = 1s;      // the two together when the agent has to end
constexpr auto kAnswerTime = 200ms;   // for the broker to answer the last take with more work, whatever keep_alive is
constexpr auto kLongestBackoff = 60s;

Agent::Clock::duration in_clock(std::chrono::duration<double> seconds) {
  return std::chrono::duration_cast<Agent::Clock::duration>(seconds);
}

double mb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

std::string seconds_text(std::chrono::duration<double> seconds) { return fmt::format("{:g} s", seconds.count()); }

}  // namespace

const char* name_of(Agent::State state) {
  constexpr const char* kNames[] = {"cold", "loading", "warm", "busy", "draining", "backoff"};
  return kNames[static_cast<int>(state)];
}

std::string describe(const EngineEnd& end) {
  const std::string code = std::to_string(end.code);
  return end.killed ? "signal " + code + " (" + strsignal(end.code) + ")" : "exit status " + code;
}

Agent::Agent(AgentOptions options, AgentEffects& effects, Time now)
    : options_(std::move(options)), effects_(effects), next_beat_(now + kBeat), broker_heard_(now) {}

void Agent::begin() { say_ready(); }

// ---- what the broker says -------------------------------------------------------------------------------------------

void Agent::broker_message(std::vector<std::string> frames, Time now) try {
  const protocol::Message message = protocol::decode(std::move(frames));
  broker_heard_ = now;
  if (broker_lost_) spdlog::info("the broker answers again");
  broker_lost_ = false;
  if (message.type == protocol::Heartbeat::kType) return;
  if (message.type == protocol::Work::kType)
    on_work(protocol::parse<protocol::Work>(message), now);
  else if (message.type == protocol::CancelWork::kType)
    on_cancel(protocol::parse<protocol::CancelWork>(message), now);
  else if (message.type == protocol::Who::kType)
    say_ready();
  else if (message.type == protocol::Unload::kType)
    on_unload(now);
  else if (message.type == protocol::Retire::kType)
    retire(now);
  else if (message.type == protocol::Error::kType)
    spdlog::warn("the broker refused a message: {}", protocol::parse<protocol::Error>(message).message);
  else
    spdlog::warn("message '{}' from the broker ignored", message.type.substr(0, 40));
} catch (const Fault& fault) {
  spdlog::warn("message from the broker ignored: {}", fault.what());
}

void Agent::on_work(const protocol::Work& work, Time now) {
  if (retiring_) return give_back({work.lease});
  const auto held = std::find_if(line_.begin(), line_.end(),
                                 [&](const Held& h) { return h.work.lease.segment == work.lease.segment; });
  if (held != line_.end()) {
    if (held->work.lease.attempt >= work.lease.attempt) return;  // sent twice, or overtaken by a newer try
    drop(held->work.lease);
  }
  line_.push_back({work, std::nullopt});
  pump(now);
}

void Agent::on_cancel(const protocol::CancelWork& cancel, Time now) {
  for (const protocol::Lease& lease : cancel.leases) drop(lease);
  if (state_ == State::busy && handed() == 0) {
    idle_since_ = now;
    become(State::warm, "cancelled");
  }
  pump(now);
}

// Forgets a lease, here and in the engine, without an answer.
void Agent::drop(const protocol::Lease& lease) {
  const auto held = std::find_if(line_.begin(), line_.end(), [&](const Held& h) { return h.work.lease == lease; });
  if (held == line_.end()) return;
  if (held->handed) effects_.send_to_engine(protocol::encode(protocol::CancelWork{{lease}}));
  line_.erase(held);
}

void Agent::retire(Time now) {
  if (retiring_) return;
  retiring_ = true;
  std::vector<protocol::Lease> leases, in_engine;
  for (const Held& held : line_) {
    leases.push_back(held.work.lease);
    if (held.handed) in_engine.push_back(held.work.lease);
  }
  line_.clear();
  const State before = state_;
  become(engine_runs() ? State::draining : State::cold, "asked to end");
  give_back(leases);
  if (!engine_runs()) return;
  if (!in_engine.empty()) effects_.send_to_engine(protocol::encode(protocol::CancelWork{in_engine}));
  if (before == State::loading)
    effects_.signal_engine(SIGTERM);  // it hears nothing before it is loaded
  else
    effects_.send_to_engine(protocol::encode(protocol::Finish{}));
  steps_ = {{now + kRetireTime, SIGTERM}, {now + 2 * kRetireTime, SIGKILL}};
}

// What the engine has begun is finished; what it has not is given back when it has ended.
void Agent::on_unload(Time now) {
  if (state_ != State::loading && state_ != State::warm && state_ != State::busy) return;
  std::vector<protocol::Lease> not_handed;
  for (const Held& held : line_)
    if (!held.handed) not_handed.push_back(held.work.lease);
  std::erase_if(line_, [](const Held& held) { return !held.handed; });
  give_back(not_handed);
  if (state_ == State::loading) {
    effects_.signal_engine(SIGTERM);  // it hears nothing before it is loaded
    steps_ = {{now + kTermTime, SIGKILL}};
    return become(State::draining, "asked to unload");
  }
  const bool speaking = handed() > 0;
  finish_engine("asked to unload", now);
  if (speaking) steps_ = {{now + in_clock(options_.engine_timeout), SIGTERM},
                          {now + in_clock(options_.engine_timeout) + kTermTime, SIGKILL}};
}

// ---- what the engine says -------------------------------------------------------------------------------------------

void Agent::engine_message(std::vector<std::string> frames, Time now) try {
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

void Agent::on_ready(const protocol::EngineReady& ready, Time now) {
  if (state_ != State::loading) return;
  if (ready.revision != engine_.revision || ready.sample_rate_hz != engine_.sample_rate_hz) {
    protocol::EngineFailed failure;
    failure.message = fmt::format(
        "the engine '{}' is revision {} at {} Hz; the catalogue's '{}' needs revision {} at {} Hz", ready.engine,
        ready.revision, ready.sample_rate_hz, model_, engine_.revision, engine_.sample_rate_hz);
    failure.hint = "install Lectern again: its programs are of different versions";
    failure.exit = static_cast<int>(Exit::bad_input);
    return kill_engine(std::move(failure));
  }
  lanes_ = std::max<std::int64_t>(1, ready.lanes);
  idle_since_ = now;
  become(State::warm, fmt::format("loaded in {:.2f} s, {} lanes", ready.loading_s, lanes_));
  pump(now);
}

void Agent::on_take(protocol::Message message, Time now) {
  const auto take = protocol::parse<protocol::Take>(message);
  if (!answered(take.lease, now)) return;
  backoff_ = 1s;
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
  const auto held =
      std::find_if(line_.begin(), line_.end(), [&](const Held& h) { return h.handed && h.work.lease == lease; });
  progress_ = now;
  if (held == line_.end()) {
    spdlog::debug("answer for segment {} try {}, which is not held, dropped", lease.segment, lease.attempt);
    return false;
  }
  line_.erase(held);
  if (suspects_ > 0) --suspects_;
  if (state_ == State::busy && handed() == 0) {
    idle_since_ = now;
    become(State::warm, "nothing left to speak");
  }
  return true;
}

void Agent::on_engine_failed(const protocol::EngineFailed& failed, Time now) {
  if (state_ == State::draining) {  // its end was wanted, or has a cause already
    spdlog::warn("the engine failed while it was being ended: {}", failed.message);
    return;
  }
  last_words_ = failed;
  last_words_->loading = state_ == State::loading;
  last_words_->leases.clear();  // the agent knows them, the engine does not
  steps_ = {{now + kFinishTime, SIGTERM}, {now + kFinishTime + kTermTime, SIGKILL}};
  become(State::draining, failed.message);
}

void Agent::engine_ended(const EngineEnd& end, Time now) {
  const bool expected = retiring_ || (state_ == State::draining && !last_words_);
  steps_.clear();
  engine_ = {};
  if (expected) {
    last_words_.reset();
    std::vector<protocol::Lease> not_begun;  // of an engine that was asked to unload
    for (const Held& held : line_)
      if (held.handed) not_begun.push_back(held.work.lease);
    std::erase_if(line_, [](const Held& held) { return held.handed.has_value(); });
    give_back(not_begun);
    become(State::cold, describe(end));
    return pump(now);
  }
  protocol::EngineFailed failure = last_words_.value_or(protocol::EngineFailed{});
  if (!last_words_) {
    failure.loading = state_ == State::loading;
    failure.message = "the engine ended by itself: " + describe(end);
    if (!end.stderr_tail.empty()) failure.message += "; it said: " + end.stderr_tail;
    if (end.killed && end.code == SIGKILL)
      failure.hint = "the system may have run out of memory: close other programs, or set fewer `threads`";
  } else if (end.killed && end.code != SIGKILL) {
    failure.message += " (" + describe(end) + ")";
  }
  last_words_.reset();
  fail(std::move(failure), now);
}

// ---- failures -------------------------------------------------------------------------------------------------------

void Agent::kill_engine(protocol::EngineFailed why) {
  why.loading = state_ == State::loading;
  last_words_ = std::move(why);
  effects_.signal_engine(SIGKILL);
  become(State::draining, last_words_->message);
}

// The engine is gone, or could not be started. Segments that it had begun are reported as lost with it; the others are
// given back without blame. Until as many were answered as were lost, segments are spoken alone: then the next end of
// the engine has one cause, and its neighbours do not use up their tries.
void Agent::fail(protocol::EngineFailed failure, Time now) {
  const std::string model = model_;
  std::vector<protocol::Lease> rest;
  for (const Held& held : line_) {
    const bool lost = failure.loading ? held.work.model == model
                                      : held.handed && failure.leases.size() < static_cast<std::size_t>(lanes_);
    (lost ? failure.leases : rest).push_back(held.work.lease);
  }
  line_.clear();
  if (!failure.loading) suspects_ = std::max(suspects_, failure.leases.size());
  backoff_until_ = now + backoff_;
  become(State::backoff, fmt::format("{}; next start in {} s at the earliest", failure.message, backoff_.count()));
  backoff_ = std::min<std::chrono::seconds>(2 * backoff_, kLongestBackoff);
  failure.model = model;
  effects_.send_to_broker(protocol::encode(failure));
  give_back(rest);
}

// ---- the line -------------------------------------------------------------------------------------------------------

void Agent::pump(Time now) {
  if (line_.empty() || retiring_) return;
  if (state_ == State::cold) return start(now);
  if (state_ != State::warm && state_ != State::busy) return;
  const std::string& wanted = line_.front().work.model;
  if (wanted == model_)
    hand_out(now);
  else
    finish_engine("model '" + wanted + "' is wanted", now);
}

void Agent::hand_out(Time now) {
  std::size_t in_engine = handed();
  for (Held& held : line_) {
    if (held.work.model != model_ || (suspects_ > 0 && in_engine > 0)) break;
    if (held.handed) continue;
    if (in_engine++ == 0) progress_ = now;
    held.handed = now;
    effects_.send_to_engine(protocol::encode(held.work));
  }
  if (state_ == State::warm && in_engine > 0) become(State::busy, "segments to speak");
}

void Agent::start(Time now) {
  model_ = line_.front().work.model;
  try {
    engine_ = effects_.start_engine(model_);
  } catch (const Fault& fault) {
    protocol::EngineFailed failure;
    failure.message = fault.what();
    failure.hint = fault.hint();
    failure.exit = static_cast<int>(fault.exit());
    failure.loading = true;
    return fail(std::move(failure), now);
  }
  progress_ = now;
  become(State::loading, "model '" + model_ + "' is wanted");
}

void Agent::finish_engine(const std::string& why, Time now) {
  effects_.send_to_engine(protocol::encode(protocol::Finish{}));
  steps_ = {{now + kFinishTime, SIGTERM}, {now + kFinishTime + kTermTime, SIGKILL}};
  become(State::draining, why);
}

std::size_t Agent::handed() const {
  return std::count_if(line_.begin(), line_.end(), [](const Held& held) { return held.handed.has_value(); });
}

// ---- time -----------------------------------------------------------------------------------------------------------

// When the engine is to be given up: nothing came from it for engine_timeout although it has work, or one segment took
// twice that while others went on (half of it may have been spent behind the segment before it).
std::optional<Agent::Time> Agent::stuck_at() const {
  const auto timeout = in_clock(options_.engine_timeout);
  if (state_ == State::loading) return progress_ + timeout;
  if (state_ != State::busy) return std::nullopt;
  Time at = progress_ + timeout;
  for (const Held& held : line_)
    if (held.handed) at = std::min(at, *held.handed + 2 * timeout);
  return at;
}

std::optional<Agent::Time> Agent::idle_until() const {
  if (state_ != State::warm || !line_.empty()) return std::nullopt;
  return idle_since_ + std::max<Clock::duration>(in_clock(options_.keep_alive), kAnswerTime);
}

Agent::Time Agent::next_deadline() const {
  Time next = next_beat_;
  if (!broker_lost_) next = std::min(next, broker_heard_ + kBrokerSilence);
  if (!steps_.empty()) next = std::min(next, steps_.front().at);
  if (state_ == State::backoff) next = std::min(next, backoff_until_);
  if (const auto at = stuck_at()) next = std::min(next, *at);
  if (const auto at = idle_until()) next = std::min(next, *at);
  return next;
}

void Agent::tick(Time now) {
  if (state_ == State::backoff && now >= backoff_until_) {
    become(State::cold, "ready for another try");
    pump(now);
  }
  if (const auto at = stuck_at(); at && now >= *at) {
    protocol::EngineFailed failure;
    failure.message = "the engine made no progress for " + seconds_text(options_.engine_timeout);
    failure.hint = "on a slow machine, set a larger `engine_timeout_s` in config.yaml";
    kill_engine(std::move(failure));
  }
  if (const auto at = idle_until(); at && now >= *at)
    finish_engine("idle for " + seconds_text(options_.keep_alive), now);
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
    beat();
  }
}

// ---- what the broker is told ----------------------------------------------------------------------------------------

std::uint64_t Agent::credit() const {
  if (retiring_ || state_ == State::backoff) return 0;
  return suspects_ > 0 ? 1 : 2 * static_cast<std::uint64_t>(lanes_);  // one in a lane, one behind it
}

bool Agent::engine_runs() const { return engine_.pid != 0; }

void Agent::say_ready() {
  protocol::Ready ready;
  ready.worker = options_.worker;
  ready.device = options_.device;
  ready.version = LECTERN_VERSION;
  ready.pid = options_.pid;
  ready.credit = credit();
  for (const Held& held : line_) ready.leases.push_back(held.work.lease);
  effects_.send_to_broker(protocol::encode(ready));
}

void Agent::give_back(const std::vector<protocol::Lease>& leases) {
  if (!leases.empty()) effects_.send_to_broker(protocol::encode(protocol::GiveBack{leases}));
}

void Agent::beat() {
  const EngineMemory memory = effects_.engine_memory();
  protocol::Heartbeat heartbeat;
  heartbeat.worker = options_.worker;
  heartbeat.state = name_of(state_);
  if (engine_runs()) heartbeat.model = model_;
  heartbeat.engine_pid = engine_.pid;
  heartbeat.credit = credit();
  heartbeat.memory_bytes = memory.resident_bytes;
  heartbeat.peak_memory_bytes = memory.peak_bytes;
  effects_.beat(protocol::encode(heartbeat));
}

void Agent::become(State state, const std::string& why) {
  const EngineMemory memory = effects_.engine_memory();
  const bool routine = (state == State::warm && state_ == State::busy) || state == State::busy;
  spdlog::log(routine                   ? spdlog::level::debug
              : state == State::backoff ? spdlog::level::err
                                        : spdlog::level::info,
              "{} -> {}: {}; engine memory {:.1f} MB -> {:.1f} MB", name_of(state_), name_of(state), why,
              mb(memory_before_), mb(memory.resident_bytes));
  memory_before_ = memory.resident_bytes;
  state_ = state;
  beat();
}

}  // namespace lectern
