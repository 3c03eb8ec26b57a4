#include "broker/dispatcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "broker/publish/output_name.h"
#include "broker/publish/take_file.h"
#include "broker/signal.h"

namespace lectern {
namespace {

constexpr std::int64_t kSilenceMs = 5000;         // five heartbeats
constexpr std::int64_t kRemoteSilenceMs = 10000;  // of another machine's worker
constexpr std::int64_t kLastCallMs = 500;  // then so long: it may be the broker that stood still and has not heard yet
constexpr std::int64_t kAnswerGraceMs =
    60000;  // beyond three engine timeouts: then a worker keeps no lease that it does not answer
constexpr std::int64_t kSpaceRetryMs = 15000;  // a job whose take found no space on the disk waits so long
constexpr std::int64_t kRetryBaseMs = 500, kRetryMostMs = 60000;
constexpr const char* kStates[] = {"cold", "loading", "warm", "busy", "draining", "backoff"};  // of a worker
constexpr std::size_t kReasonBytes = 400;
constexpr int kEngineFailures = 5;  // starts in a row that may fail before the model's jobs do

std::int64_t backoff_ms(int failures) { return std::min(kRetryMostMs, kRetryBaseMs << std::min(failures, 8)); }

// What an engine tells may be a long list, a line for each point, further in; a reason is one line that people can read.
std::string as_reason(const std::string& text) {
  std::string line;
  bool margin = false;
  for (const char c : text) {
    if (!(margin && c == ' ')) line += c == '\n' ? ' ' : c;
    margin = c == '\n' || (margin && c == ' ');
  }
  return line.size() <= kReasonBytes ? line : publish::cut_text(line, kReasonBytes) + "... (the log tells all)";
}

}  // namespace

Dispatcher::Dispatcher(Store& store, Post& post, ModelShelf& models, const Paths& paths, const Settings& settings,
                       const Clock& clock)
    : store_(store), post_(post), models_(models), paths_(paths), settings_(settings), clock_(clock) {}

void Dispatcher::handle(const std::string& peer, protocol::Message message) {
  if (message.type == protocol::Ready::kType) return ready(peer, message);
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return post_.to_worker(peer, protocol::Who{});
  Worker& worker = found->second;
  worker.heard_ms = clock_.monotonic_ms();
  worker.last_call_ms = 0;
  if (message.type == protocol::Heartbeat::kType) return heartbeat(peer, message);
  if (message.type == protocol::Take::kType) return take(worker, std::move(message));
  if (message.type == protocol::SegmentFailed::kType) return segment_failed(worker, message);
  if (message.type == protocol::GiveBack::kType) return give_back(worker, message);
  if (message.type == protocol::EngineFailed::kType) return engine_failed(worker, message);
  if (message.type == protocol::Measured::kType) {
    for (const auto& measure : protocol::parse<protocol::Measured>(message).measures) store_.learn(measure);
    return;
  }
  throw Fault(Exit::bad_input, "a worker sent an unknown message '" + message.type.substr(0, 40) + "'");
}

void Dispatcher::ready(const std::string& peer, const protocol::Message& message) {
  const auto ready = protocol::parse<protocol::Ready>(message);
  for (auto other = workers_.begin(); other != workers_.end();) {  // the same worker after a new connection
    if (other->second.id == ready.worker && other->first != peer)
      other = workers_.erase(other);
    else
      ++other;
  }
  Worker& worker = workers_[peer];
  if (worker.id.empty()) spdlog::info("worker {} on {} is there (pid {})", ready.worker, ready.device, ready.pid);
  worker.id = ready.worker;
  worker.device = ready.device;
  worker.remote = Gate::is_remote(peer);
  worker.pid = ready.pid;
  worker.credit = std::min<std::uint64_t>(ready.credit, 1024);
  worker.heard_ms = clock_.monotonic_ms();
  worker.last_call_ms = 0;
  if (worker.state.empty()) worker.state = "cold";
  worker.leases.clear();
  worker.answered_ms = worker.heard_ms;
  worker.exclusive = false;
  for (const protocol::Lease& lease : store_.leases_of(worker.id)) {
    if (std::find(ready.leases.begin(), ready.leases.end(), lease) != ready.leases.end())
      worker.leases[lease.segment] = lease.attempt;
    else
      store_.end_lease(lease, Blame::nobody, "", settings_.max_attempts);
  }
  protocol::CancelWork unknown;
  for (const protocol::Lease& lease : ready.leases)
    if (!worker.leases.count(lease.segment)) unknown.leases.push_back(lease);
  if (!unknown.leases.empty()) post_.to_worker(peer, unknown);
  protocol::Measured known{store_.measures()};
  std::erase_if(known.measures, [&](const auto& m) { return m.device != worker.device && m.device != "cpu"; });
  if (!known.measures.empty()) post_.to_worker(peer, known);
}

void Dispatcher::heartbeat(const std::string& peer, const protocol::Message& message) {
  const auto beat = protocol::parse<protocol::Heartbeat>(message);
  if (std::find(std::begin(kStates), std::end(kStates), beat.state) == std::end(kStates))
    throw Fault(Exit::bad_input, "field 'state': a worker cannot be '" + beat.state.substr(0, 40) + "'",
                "use programs of one version");
  Worker& worker = workers_[peer];
  worker.state = beat.state;
  if (worker.leases.empty() && beat.model != worker.model) {
    worker.model = beat.model;
    worker.model_since_ms = clock_.wall_ms();
  }
  worker.engine_pid = beat.engine_pid;
  worker.credit = std::min<std::uint64_t>(beat.credit, 1024);
  worker.memory_bytes = beat.memory_bytes;
  worker.peak_memory_bytes = beat.peak_memory_bytes;
  worker.device_bytes = beat.device_bytes;
  worker.peak_device_bytes = beat.peak_device_bytes;
  worker.engine_device = beat.device;
  worker.waits_for = beat.waits_for;
  worker.refuses = beat.refuses;
  worker.unload_ms = beat.unload_in_ms > 0 ? clock_.wall_ms() + beat.unload_in_ms : beat.unload_in_ms;
  protocol::Heartbeat answer;
  tell_expected(worker, answer);
  post_.to_worker(peer, answer);
}

void Dispatcher::answered(Worker& worker, const protocol::Lease& lease) {
  worker.answered_ms = clock_.monotonic_ms();
  const auto held = worker.leases.find(lease.segment);
  if (held == worker.leases.end() || held->second != lease.attempt) return;
  worker.leases.erase(held);
  worker.exclusive = false;
}

void Dispatcher::take(Worker& worker, protocol::Message message) {
  const auto take = protocol::parse<protocol::Take>(message);
  answered(worker, take.lease);
  worker.engine_failures = 0;
  const auto held = store_.held(take.lease, worker.id);
  if (!held) {
    spdlog::info("a take of segment {} (attempt {}) came from a lease that was given up", take.lease.segment,
                 take.lease.attempt);
    return;
  }
  int rate_hz = 0;
  double chars_per_second = 0;
  try {
    rate_hz = models_.model(held->model).sample_rate_hz;
    chars_per_second = models_.model(held->model).chars_per_second * held->speed;
  } catch (const Fault&) {  // a model that the catalogue knew once: nothing to compare with
  }
  ++worker.segments_done;
  worker.storing.insert(take.lease.segment);
  takes_pool_.add([this, take, id = worker.id, model = held->model, job = held->job, key = held->take, rate_hz,
                   chars_per_second, spoken = held->spoken,
                   payload = message.payload.size() == 1 ? std::move(message.payload[0]) : std::string(),
                   folder = paths_.takes()]() -> WorkPool::Result {
    std::string refused;
    bool no_space = false;
    StoredTake stored;
    stored.key = key;
    stored.frames = take.frames;
    stored.sample_rate_hz = static_cast<int>(std::clamp<std::int64_t>(take.sample_rate_hz, 0, 1 << 30));
    stored.computing_s = take.computing_s;
    try {
      const auto samples = protocol::from_payload(payload, take.frames);
      refused = publish::reject_take(samples, stored.sample_rate_hz);
      if (refused.empty() && rate_hz != 0 && stored.sample_rate_hz != rate_hz)
        refused = "it came with " + std::to_string(stored.sample_rate_hz) + " Hz; the model speaks at " +
                  std::to_string(rate_hz);
      if (refused.empty()) {
        nlohmann::json notes = take.notes.is_object() ? take.notes : nlohmann::json::object();
        const Signal signal = measure_signal(samples, stored.sample_rate_hz);
        if (chars_per_second > 0) add_flags(notes, signal_flags(signal, spoken_length(spoken), chars_per_second));
        notes["signal"] = signal_json(signal);
        stored.notes = notes.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        stored.bytes = publish::write_take(folder, key, samples, stored.sample_rate_hz);
      }
    } catch (const Fault& fault) {
      refused = fault.what();
      no_space = fault.exit() == Exit::no_space;
    } catch (const std::exception& e) {
      refused = e.what();
    }
    return [this, lease = take.lease, id, model, job, stored, refused, no_space] {
      this->stored(id, lease.segment);
      if (!refused.empty()) {
        spdlog::warn("the take of segment {} is not usable: {}", lease.segment, refused);
        job_not_before_ms_[job] = clock_.monotonic_ms() + (no_space ? kSpaceRetryMs : kRetryBaseMs);
        store_.end_lease(lease, no_space ? Blame::nobody : Blame::segment, refused, settings_.max_attempts);
        if (no_space) store_.set_reason(job, "waits for space: " + refused);
        return;
      }
      store_.add_take(stored);
      store_.take_done(lease);
      pace_.add({clock_.monotonic_ms(), static_cast<double>(stored.frames) / stored.sample_rate_hz, stored.computing_s,
                 model, id});
      if (const auto speed = pace_.lesson()) store_.learn_speed(model, *speed);
    };
  });
}

// Only now the worker's place is free: its next lease joins the transaction of this take, one sync for both, and a
// worker that outruns the disk waits instead of filling the memory.
void Dispatcher::stored(const std::string& id, std::uint64_t segment) {
  for (auto& [peer, worker] : workers_)
    if (worker.id == id) worker.storing.erase(segment);
}

void Dispatcher::segment_failed(Worker& worker, const protocol::Message& message) {
  const auto failed = protocol::parse<protocol::SegmentFailed>(message);
  answered(worker, failed.lease);
  const auto held = store_.held(failed.lease, worker.id);
  if (!held) return;
  spdlog::warn("segment {} of job {}: {}", held->index, held->job, failed.reason);
  if (failed.retryable)
    job_not_before_ms_[held->job] = clock_.monotonic_ms() + backoff_ms(static_cast<int>(failed.lease.attempt) - 1);
  store_.end_lease(failed.lease, failed.retryable ? Blame::segment : Blame::final, failed.reason,
                   settings_.max_attempts);
}

void Dispatcher::give_back(Worker& worker, const protocol::Message& message) {
  for (const protocol::Lease& lease : protocol::parse<protocol::GiveBack>(message).leases) {
    answered(worker, lease);
    if (store_.held(lease, worker.id)) store_.end_lease(lease, Blame::nobody, "", settings_.max_attempts);
  }
}

void Dispatcher::engine_failed(Worker& worker, const protocol::Message& message) {
  const auto failed = protocol::parse<protocol::EngineFailed>(message);
  const std::string mend = failed.hint.empty() ? "" : " (" + failed.hint + ")";
  const std::string reason = as_reason(failed.message) + mend;
  spdlog::warn("worker {}: the engine of {} {}: {}{}", worker.id, failed.model,
               failed.loading ? "did not start" : "died", failed.message, mend);
  const bool no_memory = failed.exit == static_cast<int>(Exit::no_space);
  if (!no_memory) {  // of lack of memory the agent takes care
    ++worker.engine_failures;
    worker.not_before_ms = clock_.monotonic_ms() + backoff_ms(worker.engine_failures);
  }
  const Blame blame = failed.loading || no_memory ? Blame::nobody
                      : failed.leases.size() == 1 ? Blame::death
                                                  : Blame::suspect;
  for (const protocol::Lease& lease : failed.leases) {
    answered(worker, lease);
    if (store_.held(lease, worker.id)) store_.end_lease(lease, blame, reason, settings_.max_attempts);
  }
  if (failed.final && worker.remote) {  // what its machine lacks says nothing of the job
    worker.cannot.insert(failed.model);
    return;
  }
  if (failed.final && no_memory) {
    worker.cannot.insert(failed.model);
    const bool somebody = std::any_of(workers_.begin(), workers_.end(),
                                      [&](const auto& entry) { return !entry.second.cannot.count(failed.model); });
    if (somebody) return;
    let_go(failed.model);
    return fail_model(failed.model, reason);
  }
  const bool useless =
      failed.exit == static_cast<int>(Exit::not_found) || failed.exit == static_cast<int>(Exit::bad_input);
  if (failed.loading && (useless || worker.engine_failures >= kEngineFailures)) {
    worker.engine_failures = 0;
    fail_model(failed.model, reason);
  }
}

void Dispatcher::recall(std::uint64_t job) {
  const auto leases = store_.leases_of_job(job);
  for (const protocol::Lease& lease : leases) store_.end_lease(lease, Blame::nobody, "", settings_.max_attempts);
  for (auto& [peer, worker] : workers_) {
    protocol::CancelWork cancel;
    for (const protocol::Lease& lease : leases) {
      const auto held = worker.leases.find(lease.segment);
      if (held == worker.leases.end() || held->second != lease.attempt) continue;
      cancel.leases.push_back(lease);
      answered(worker, lease);
    }
    if (!cancel.leases.empty()) post_.to_worker(peer, cancel);
  }
}

void Dispatcher::give_up_leases(Worker& worker, const std::string& why) {
  const auto leases = store_.leases_of(worker.id);
  if (!leases.empty()) spdlog::warn("worker {}: {} segments are given to others: {}", worker.id, leases.size(), why);
  for (const protocol::Lease& lease : leases) store_.end_lease(lease, Blame::nobody, why, settings_.max_attempts);
  worker.leases.clear();
}

void Dispatcher::lost(const std::string& peer, const std::string& why) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return;
  spdlog::warn("worker {} is gone: {}", found->second.id, why);
  give_up_leases(found->second, why);
  workers_.erase(found);
}

void Dispatcher::lost_process(std::int64_t pid, const std::string& why) {
  for (const auto& [peer, worker] : workers_)
    if (worker.pid == pid && !worker.remote) return lost(peer, why);
}

// An agent ends an engine that makes no progress by itself; this is for an agent that does not.
std::int64_t Dispatcher::answer_due_ms(const Worker& worker) const {
  if (worker.leases.empty()) return std::numeric_limits<std::int64_t>::max();
  return worker.answered_ms + static_cast<std::int64_t>(settings_.engine_timeout_s * 3000) + kAnswerGraceMs;
}

void Dispatcher::recall_stuck(const std::string& peer, Worker& worker) {
  protocol::CancelWork cancel;
  for (const auto& [segment, attempt] : worker.leases) cancel.leases.push_back({segment, attempt});
  post_.to_worker(peer, cancel);
  ++worker.engine_failures;
  worker.not_before_ms = clock_.monotonic_ms() + backoff_ms(worker.engine_failures);
  give_up_leases(worker, "no answer, though it is there");
}

void Dispatcher::ask_again() {
  for (auto& [peer, worker] : workers_) post_.to_worker(peer, protocol::Who{});
}

void Dispatcher::retire_all() {
  for (auto& [peer, worker] : workers_) post_.to_worker(peer, protocol::Retire{});
}

void Dispatcher::dispatch(bool accepting, const std::vector<std::string>& windows) {
  if (workers_.empty()) return;
  unload_after_closing(windows);
  if (!accepting) return;
  const std::int64_t now = clock_.monotonic_ms();
  std::vector<WorkerRoom> rooms;
  std::vector<std::string> peers;
  for (auto& [peer, worker] : workers_) {
    const std::uint64_t held = worker.leases.size();
    const std::uint64_t taken = held + worker.storing.size();
    if (worker.credit <= taken || worker.not_before_ms > now || worker.state == "backoff") continue;
    rooms.push_back(
        {worker.id, worker.model, held, worker.credit - taken, worker.exclusive, worker.model_since_ms, worker.cannot});
    if (!worker.refuses.empty()) rooms.back().refuses.insert(worker.refuses);
    peers.push_back(peer);
  }
  if (rooms.empty()) return;
  auto jobs = store_.runnable(windows);
  std::map<std::uint64_t, std::string> window_of;
  for (const RunnableJob& job : jobs) window_of[job.number] = job.window;
  std::erase_if(jobs, [&](const RunnableJob& job) {
    if (store_.unloaded_models().count(job.model)) return true;
    const auto wait = job_not_before_ms_.find(job.number);
    return wait != job_not_before_ms_.end() && wait->second > now;
  });
  if (jobs.empty()) return;
  double least = std::numeric_limits<double>::max();
  for (const RunnableJob& job : jobs)
    if (const auto had = served_.find(job.batch); had != served_.end()) least = std::min(least, had->second);
  if (least == std::numeric_limits<double>::max()) least = 0;
  std::vector<BatchShare> shares;
  for (const RunnableJob& job : jobs)
    shares.push_back({job.batch, served_.try_emplace(job.batch, least).first->second});

  ScheduleOptions options;
  options.max_model_wait_ms = static_cast<std::int64_t>(settings_.max_model_wait_s * 1000);
  for (const Assignment& a : schedule(std::move(jobs), rooms, shares, clock_.wall_ms(), options)) {
    Worker& worker = workers_[peers[a.worker]];
    if (worker.exclusive) continue;
    if (worker.leases.empty()) worker.answered_ms = now;
    for (const Claim& claim : store_.claim(a.job, worker.id, a.segments, worker.leases.empty())) {
      worker.leases[claim.work.lease.segment] = claim.work.lease.attempt;
      worker.exclusive = claim.suspect;
      if (worker.model != claim.work.model) {
        worker.model = claim.work.model;
        worker.model_since_ms = clock_.wall_ms();
      }
      worker.voice = claim.work.voice;
      worker.window = window_of[a.job];
      worker.unloading = false;
      served_[a.batch] += static_cast<double>(claim.work.text.size());
      protocol::Work work = claim.work;
      if (worker.remote) work.sound = digest_of(work);
      post_.to_worker(peers[a.worker], work);
    }
  }
}

std::string Dispatcher::digest_of(const protocol::Work& work) {
  try {
    return models_.digest(work.model, work.voice);
  } catch (const Fault& fault) {
    return fault.what();  // equal to nobody's: a worker here finds out what is wrong
  }
}

std::int64_t Dispatcher::tick() {
  const std::int64_t now = clock_.monotonic_ms();
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> silent;
  for (auto& [peer, worker] : workers_) {
    const std::int64_t silence = worker.remote ? kRemoteSilenceMs : kSilenceMs;
    const bool overdue = worker.heard_ms + silence <= now;
    // A last call whose end was missed was none: the broker stood still once more.
    const bool missed = now > worker.last_call_ms + 2 * kLastCallMs;
    if (overdue && (worker.last_call_ms == 0 || missed)) worker.last_call_ms = now;
    const std::int64_t until = overdue ? worker.last_call_ms + kLastCallMs : worker.heard_ms + silence;
    if (until <= now)
      silent.push_back(peer);
    else
      next = std::min(next, until);
    if (worker.not_before_ms > now) next = std::min(next, worker.not_before_ms);
    if (answer_due_ms(worker) <= now) recall_stuck(peer, worker);
    next = std::min(next, answer_due_ms(worker));
  }
  for (const std::string& peer : silent) lost(peer, "it is silent");
  for (auto wait = job_not_before_ms_.begin(); wait != job_not_before_ms_.end();) {
    if (wait->second <= now) {
      wait = job_not_before_ms_.erase(wait);
    } else {
      next = std::min(next, wait->second);
      ++wait;
    }
  }
  pace_.forget_before(now);
  return next;
}

std::vector<protocol::WorkerView> Dispatcher::views() const {
  std::vector<protocol::WorkerView> views;
  for (const auto& [peer, worker] : workers_) {
    protocol::WorkerView view;
    view.worker = worker.id;
    view.device = worker.engine_device.empty() ? worker.device : worker.engine_device;
    view.voice = worker.engine_pid != 0 ? worker.voice : "";
    view.waits_for = worker.waits_for;
    view.unload_ms = worker.unload_ms;
    view.device_bytes = worker.device_bytes;
    view.peak_device_bytes = worker.peak_device_bytes;
    view.segments_waiting = worker.model.empty() ? 0 : store_.waiting_of(worker.model);
    view.speed = pace_.of_worker(worker.id);
    view.state = worker.state;
    view.model = worker.model;
    view.pid = worker.pid;
    view.engine_pid = worker.engine_pid;
    view.leases = worker.leases.size();
    view.credit = worker.credit;
    view.memory_bytes = worker.memory_bytes;
    view.peak_memory_bytes = worker.peak_memory_bytes;
    view.segments_done = worker.segments_done;
    views.push_back(view);
  }
  return views;
}

std::uint64_t Dispatcher::leases() const {
  std::uint64_t count = 0;
  for (const auto& [peer, worker] : workers_) count += worker.leases.size();
  return count;
}

}  // namespace lectern
