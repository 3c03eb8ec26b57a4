// The agent's engine: how it is let in, started, judged and ended.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "config/fault.h"
#include "worker/agent.h"

namespace lectern {
namespace {

using namespace std::chrono_literals;

constexpr auto kFinishTime = 5s;  // for an engine to end by itself
constexpr auto kTermTime = 2s;    // for SIGTERM to end it
constexpr auto kHurryTime = 1s;   // the two together when it has to end at once
constexpr auto kLongestBackoff = 60s;
constexpr auto kLook = 50ms;        // between looks at the memory of an ended engine
constexpr auto kBackTime = 5s;      // for that memory to be back
constexpr auto kSettleTime = 5min;  // in which an engine's memory may grow as it likes
constexpr int kMemoryFaults = 4;    // in a row, then the model is left alone
constexpr auto kLeftAlone = 10min;
constexpr std::uint64_t kCalmTakes = 20;  // between two faults, then they are not in a row
constexpr auto kAheadMargin = 2s;         // by which a model is loaded before its work is expected
constexpr double kUnknownLoad_s = 10;

Agent::Clock::duration in_clock(std::chrono::duration<double> seconds) {
  return std::chrono::duration_cast<Agent::Clock::duration>(seconds);
}

double mb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace

const char* name_of(Agent::State state) {
  constexpr const char* kNames[] = {"cold", "loading", "warm", "busy", "draining", "backoff"};
  return kNames[static_cast<int>(state)];
}

std::string describe(const EngineEnd& end) {
  const std::string code = std::to_string(end.code);
  return end.killed ? "signal " + code + " (" + strsignal(end.code) + ")" : "exit status " + code;
}

// ---- what is wanted -------------------------------------------------------------------------------------------------

void Agent::pump(Time now) {
  if (retiring_ || (line_.empty() && !wish_)) return;
  const std::string wanted = line_.empty() ? wish_->model : line_.model();
  if (state_ == State::cold) return start(wanted, now);
  if (state_ != State::warm && state_ != State::busy) return;
  if (wanted != model_) return finish_engine("model '" + wanted + "' is wanted", now);
  if (recycle_.empty()) return hand_out(now);
  if (line_.handed() == 0) finish_engine(recycle_, now);
}

void Agent::hand_out(Time now) {
  const bool had_none = line_.handed() == 0;
  line_.hand_out(
      model_, now, [&](std::size_t handed) { return suspects_ == 0 || handed == 0; },
      [&](const protocol::Work& work) { effects_.send_to_engine(protocol::encode(work)); });
  if (line_.handed() == 0) return;
  stay_.arrived();
  if (had_none) progress_ = now;
  if (state_ == State::warm) become(State::busy, "segments to speak", now);
}

// ---- letting in -----------------------------------------------------------------------------------------------------

Admission Agent::look_for_room(const std::string& model, const std::string& device) {
  MemoryWish wish;
  wish.model = model;
  wish.device = device;
  wish.measures = measures_.of(model, device);
  wish.least_bytes = effects_.catalogue_need(model);
  wish.reserve_bytes = options_.memory_reserve_bytes;
  if (const auto limit = lanes_limit_.find(model); limit != lanes_limit_.end()) wish.most_lanes = limit->second;
  MemoryRoom room = effects_.room(device);
  if (device == engine_device_)  // what a loaded engine has would be free
    room.free_bytes += device == "cpu" ? memory_.resident_bytes : memory_.device_bytes;
  Admission admission = admit(wish, room);
  const std::string holders = admission.fits ? "" : effects_.memory_holders(device);
  if (!holders.empty()) admission.reason += "; held by " + holders;
  return admission;
}

void Agent::start(const std::string& model, Time now) {
  EngineOrder order{model, options_.device, 0};
  Admission admission = look_for_room(model, order.device);
  if (!admission.fits && options_.memory_short == "cpu" && order.device != "cpu") {
    const Admission beside = look_for_room(model, "cpu");
    if (beside.fits) {
      spdlog::warn("{}; speaking on the processor", admission.reason);
      order.device = "cpu";
      admission = beside;
    }
  }
  if (!admission.fits) return refuse(model, admission, now);
  if (refusal_ && refusal_->model == model) refusal_.reset();
  order.most_lanes = admission.most_lanes;
  model_ = model;
  engine_device_ = order.device;
  loading_s_ = 0;
  lanes_ = 1;
  takes_ = peak_bytes_ = peak_device_bytes_ = settled_bytes_ = settled_device_bytes_ = 0;
  recycle_.clear();
  try {
    engine_ = effects_.start_engine(order);
  } catch (const Fault& fault) {
    protocol::EngineFailed failure;
    failure.message = fault.what();
    failure.hint = fault.hint();
    failure.exit = static_cast<int>(fault.exit());
    failure.loading = true;
    return fail(std::move(failure), now);
  }
  progress_ = now;
  become(State::loading, "model '" + model_ + "' is wanted", now);
}

// Its work goes back to the queue, which is told not to send it again for now; other work goes on.
void Agent::refuse(const std::string& model, const Admission& why, Time now) {
  if (options_.memory_short == "fail" || !why.ever) {
    give_up(model, why.reason, static_cast<int>(Exit::no_space),
            "free memory there, or lower `memory_reserve_bytes` in config.yaml");
    beat(now);
    return pump(now);
  }
  if (!refusal_ || refusal_->model != model) spdlog::warn("waiting: {}", why.reason);
  refusal_ = Refusal{model, why.reason, now};
  beat(now);  // before the leases are free again
  give_back(line_.remove_model(model));
  if (!line_.empty()) pump(now);
}

// Trying again is useless: the model's jobs are to fail.
void Agent::give_up(const std::string& model, const std::string& why, int exit, const std::string& hint) {
  spdlog::error("{}", why);
  waits_for_ = why;
  if (wish_ && wish_->model == model) wish_.reset();
  expected_.reset();
  protocol::EngineFailed failure;
  failure.model = model;
  failure.message = why;
  failure.hint = hint;
  failure.exit = exit;
  failure.loading = failure.final = true;
  failure.leases = line_.remove_model(model);
  effects_.send_to_broker(protocol::encode(failure));
}

void Agent::look_at_refusal(Time now) {
  if (lost_pid_ != 0 && effects_.memory_is_back(lost_pid_)) {
    spdlog::info("the memory of the engine process {} is back", lost_pid_);
    lost_pid_ = 0;
    waits_for_.clear();
  }
  if (!refusal_ || now < refusal_->until) return;
  const Admission admission = look_for_room(refusal_->model, options_.device);
  if (!admission.fits) {
    refusal_->reason = admission.reason;
    return;
  }
  spdlog::info("there is room for model '{}' now", refusal_->model);
  refusal_.reset();
  pump(now);
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
    return kill_engine(std::move(failure), now);
  }
  lanes_ = std::max<std::int64_t>(1, ready.lanes);
  loading_s_ = ready.loading_s;
  idle_since_ = ready_at_ = now;
  const bool wished = wish_ && wish_->model == model_;
  stay_.begin(wished ? wish_->keep.value_or(options_.keep_alive) : options_.keep_alive, loading_s_,
              wished && wish_->ahead, effects_.wall_ms());
  if (wished) wish_.reset();
  waits_for_.clear();
  become(State::warm, fmt::format("loaded in {:.2f} s, {} lanes", ready.loading_s, lanes_), now);
  pump(now);
}

// ---- ending ---------------------------------------------------------------------------------------------------------

// What it has begun it finishes, however long that takes within the engine's timeout.
void Agent::finish_engine(const std::string& why, Time now) {
  effects_.send_to_engine(protocol::encode(protocol::Finish{}));
  const auto patience = line_.handed() > 0 ? in_clock(options_.engine_timeout) : kFinishTime;
  steps_ = {{now + patience, SIGTERM}, {now + patience + kTermTime, SIGKILL}};
  become(State::draining, why, now);
}

void Agent::end_at_once(const std::string& why, Time now) {
  Line::Leases begun = line_.handed_leases();
  if (!begun.empty()) effects_.send_to_engine(protocol::encode(protocol::CancelWork{std::move(begun)}));
  steps_ = {{now + kHurryTime, SIGTERM}, {now + 2 * kHurryTime, SIGKILL}};
  if (state_ == State::loading) {  // it hears nothing before it is loaded
    effects_.signal_engine(SIGTERM);
    steps_ = {{now + 2 * kHurryTime, SIGKILL}};
  } else {
    effects_.send_to_engine(protocol::encode(protocol::Finish{}));
  }
  become(State::draining, why, now);
}

void Agent::kill_engine(protocol::EngineFailed why, Time now) {
  why.loading = state_ == State::loading;
  last_words_ = std::move(why);
  effects_.signal_engine(SIGKILL);
  become(State::draining, last_words_->message, now);
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
  become(State::draining, failed.message, now);
}

void Agent::engine_ended(const EngineEnd& end, Time now) {
  if (!engine_runs()) return;
  steps_.clear();
  say_measured();
  auto failure = failure_of(end);
  last_words_.reset();
  const std::int64_t pid = std::exchange(engine_, {}).pid;
  if (effects_.memory_is_back(pid)) return conclude(end, std::move(failure), now);
  const std::string why = failure ? failure->message : "";
  gone_ = Gone{pid, end, std::move(failure), now, now + kLook};
  if (state_ != State::draining) become(State::draining, why, now);
}

void Agent::look_for_memory(Time now) {
  if (now < gone_->next_look) return;
  gone_->next_look = now + kLook;
  const bool back = effects_.memory_is_back(gone_->pid);
  if (!back && now < gone_->since + kBackTime) return;
  const Gone gone = *std::exchange(gone_, std::nullopt);
  if (!back) {
    waits_for_ =
        fmt::format("the engine process {} has ended, but its memory on {} is not back", gone.pid, options_.device);
    spdlog::error("{}", waits_for_);
    lost_pid_ = gone.pid;
  }
  conclude(gone.end, gone.failure, now);
}

// Why the engine ended; nullopt: it was asked to.
std::optional<protocol::EngineFailed> Agent::failure_of(const EngineEnd& end) const {
  if (retiring_ || (state_ == State::draining && !last_words_)) return std::nullopt;
  protocol::EngineFailed failure = last_words_.value_or(protocol::EngineFailed{});
  failure.model = model_;
  if (last_words_) {
    if (end.killed && end.code != SIGKILL) failure.message += " (" + describe(end) + ")";
    return failure;
  }
  failure.loading = state_ == State::loading;
  failure.message = "the engine ended by itself: " + describe(end);
  if (!end.stderr_tail.empty()) failure.message += "; it said: " + end.stderr_tail;
  if (end.out_of_memory) {
    failure.message = "the system ended the engine because memory ran out";
    failure.exit = static_cast<int>(Exit::no_space);
  } else if (end.killed && end.code == SIGKILL) {
    failure.hint = "the system may have run out of memory: close other programs, or set fewer `threads`";
  }
  return failure;
}

void Agent::conclude(const EngineEnd& end, std::optional<protocol::EngineFailed> failure, Time now) {
  if (failure && failure->exit == static_cast<int>(Exit::no_space)) return ran_out_of_memory(std::move(*failure), now);
  if (failure) return fail(std::move(*failure), now);
  if (recycle_.empty()) lanes_limit_.erase(model_);  // the next load may try the full number again
  give_back(line_.remove_handed());                  // not begun by an engine that was asked to unload
  if (!recycle_.empty() && line_.empty() && !wish_) wish_ = Wish{model_, stay_.kept(), false};
  become(State::cold, describe(end), now);
  pump(now);
}

// ---- failures -------------------------------------------------------------------------------------------------------

void Agent::back_off(const std::string& why, Time now) {
  waits_for_ = why;
  backoff_until_ = now + backoff_;
  become(State::backoff, fmt::format("{}; next start in {} s at the earliest", why, backoff_.count()), now);
  backoff_ = std::min<std::chrono::seconds>(2 * backoff_, kLongestBackoff);
}

// The engine is gone, or could not be started. Segments that were handed to it are reported as lost with it: which of
// them it had begun is not known, for its last takes may be lost too. The others are given back without blame. Until as
// many were answered as were lost, segments are spoken alone: then the next end of the engine has one cause, and its
// neighbours do not use up their tries.
void Agent::fail(protocol::EngineFailed failure, Time now) {
  failure.model = model_;
  if (failure.loading) {
    failure.leases = line_.remove_model(model_);
    if (wish_ && wish_->model == model_) wish_.reset();
    expected_.reset();
  } else {
    failure.leases = line_.handed_leases();
    for (const protocol::Lease& lease : failure.leases) line_.remove(lease);
    suspects_ = std::max(suspects_, failure.leases.size());
  }
  back_off(failure.message, now);
  effects_.send_to_broker(protocol::encode(failure));
  give_back(line_.remove_all());
}

// Nobody is to blame. The first time the model is loaded again at once, to speak half as many segments together; when
// it happens again, after a while; at last the model is left alone for long, and other work goes on.
void Agent::ran_out_of_memory(protocol::EngineFailed failure, Time now) {
  if (takes_since_ >= kCalmTakes) memory_ran_out_ = 0;
  takes_since_ = 0;
  ++memory_ran_out_;
  if (!failure.loading) lanes_limit_[model_] = std::max<std::int64_t>(1, lanes_ / 2);
  if (memory_ran_out_ >= kMemoryFaults && options_.memory_short == "fail") {
    become(State::cold, failure.message, now);
    line_.take_back();
    give_up(model_, failure.message, static_cast<int>(Exit::no_space), failure.hint);
    return pump(now);
  }
  effects_.send_to_broker(protocol::encode(failure));
  if (memory_ran_out_ == 1) {
    line_.take_back();
    if (line_.empty() && !wish_) wish_ = Wish{model_, std::nullopt, false};
    become(State::cold, failure.message + "; loading again for fewer segments at once", now);
    return pump(now);
  }
  if (memory_ran_out_ >= kMemoryFaults) {
    refusal_ =
        Refusal{model_,
                fmt::format("model {} ran out of memory {} times in a row ({}); it is tried again {} minutes later",
                            model_, memory_ran_out_, failure.message, kLeftAlone.count()),
                now + kLeftAlone};
    if (wish_ && wish_->model == model_) wish_.reset();
  }
  back_off(failure.message, now);
  give_back(line_.remove_all());
}

// ---- looking --------------------------------------------------------------------------------------------------------

// When the engine is to be given up: nothing came from it for engine_timeout although it has work, or one segment took
// twice that while others went on (half of it may have been spent behind the segment before it).
std::optional<Agent::Time> Agent::stuck_at() const {
  const auto timeout = in_clock(options_.engine_timeout);
  if (state_ == State::loading) return progress_ + timeout;
  if (state_ != State::busy) return std::nullopt;
  Time at = progress_ + timeout;
  if (const auto oldest = line_.oldest_handed()) at = std::min(at, *oldest + 2 * timeout);
  return at;
}

std::optional<Agent::Time> Agent::idle_until(Time now) const {
  if (state_ != State::warm || !line_.empty()) return std::nullopt;
  return stay_.until(idle_since_, model_, expected_, now, effects_.wall_ms());
}

// When to load ahead of expected work; it needs no more than an agent that holds nothing.
std::optional<Agent::Time> Agent::look_ahead_at(Time now) const {
  const bool there =
      (state_ == State::warm || state_ == State::loading) && model_ == (expected_ ? expected_->model : "");
  if (!expected_ || now > expected_->at || wish_ || !line_.empty() || retiring_ || there || refusal_)
    return std::nullopt;
  if (state_ != State::cold && state_ != State::warm) return std::nullopt;
  const double known = measures_.loading_s(expected_->model, options_.device);
  return expected_->at - in_clock(std::chrono::duration<double>(known > 0 ? known : kUnknownLoad_s)) - kAheadMargin;
}

void Agent::look_ahead(Time now) {
  const auto at = look_ahead_at(now);
  if (!at || now < *at) return;
  spdlog::info("loading model '{}' ahead of its work", expected_->model);
  wish_ = Wish{expected_->model, std::nullopt, true};
  pump(now);
}

// An engine's memory grows until it has met its longest segments; beyond that, it leaks.
void Agent::look_at_growth(Time now) {
  if (options_.engine_growth_bytes == 0 || !recycle_.empty()) return;
  if (state_ != State::warm && state_ != State::busy) return;
  if (now < ready_at_ + kSettleTime) {
    settled_bytes_ = std::max(settled_bytes_, memory_.resident_bytes);
    settled_device_bytes_ = std::max(settled_device_bytes_, memory_.device_bytes);
    return;
  }
  const auto grown = [&](const char* where, std::uint64_t from, std::uint64_t to) {
    if (to > from + options_.engine_growth_bytes)
      recycle_ = fmt::format("its memory{} grew from {:.0f} to {:.0f} MB; beginning anew", where, mb(from), mb(to));
  };
  grown("", settled_bytes_, memory_.resident_bytes);
  grown(" on the device", settled_device_bytes_, memory_.device_bytes);
  if (!recycle_.empty() && line_.handed() == 0) finish_engine(recycle_, now);
}

void Agent::look_at_pressure(Time now) {
  if (options_.idle_free_bytes == 0 || state_ != State::warm || !line_.empty()) return;
  const MemoryRoom room = effects_.room(engine_device_);
  if (room.known && room.free_bytes < options_.idle_free_bytes)
    finish_engine(fmt::format("idle, and only {:.0f} MB of memory are free", mb(room.free_bytes)), now);
}

}  // namespace lectern
