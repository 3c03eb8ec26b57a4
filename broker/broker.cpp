#include "broker/broker.h"

#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <limits>

#include "config/fault_point.h"

namespace lectern {
namespace {

constexpr int kMessagesARound = 256;            // of workers; then commit and answer before reading on
constexpr std::size_t kAskedAhead = 128;        // of clients: read, and not handled yet
constexpr std::size_t kManyAsked = 32;          // in a transaction: it is committed beside the loop
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kFinishGraceMs = 10000;  // at a stop current segments may finish within it
constexpr std::int64_t kRetireGraceMs = 5000;   // then workers must end within it
constexpr std::int64_t kEnergyEveryMs = 60000;
constexpr std::int64_t kUndoneWaitMs = 2000;  // pause after a transaction that had to be undone

int open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&set, signal);
  const int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) throw system_fault("cannot watch for signals", errno);
  return descriptor;
}

}  // namespace

Broker::Broker(const Paths& paths, const Settings& settings, const Clock& clock)
    : paths_(paths),
      settings_(settings),
      clock_(clock),
      signals_(open_signals()),
      store_(paths.database(), clock),
      clients_(context_, paths.client_socket()),
      workers_(context_, paths.worker_socket()),
      post_(clients_, workers_),
      models_(paths, settings),
      intake_(store_, models_, paths, settings),
      room_(intake_),
      surroundings_([this] { return dispatcher_.views(); }),
      timetable_(store_, settings, clock,
                 [this](const WindowSetting& window) { return surroundings_.against(window); }),
      estimates_(store_, models_, timetable_, clock),
      pipeline_(store_, models_, paths, settings, clock),
      dispatcher_(store_, post_, models_, paths, settings, clock),
      upkeep_(store_, post_, paths, settings, clock),
      schedules_(store_, intake_, pipeline_, post_, settings, clock),
      reports_(store_, dispatcher_, timetable_, settings, clock),
      sleep_lock_(settings.inhibit_sleep, clock),
      hooks_(store_, settings.hooks, [this](const std::string& batch) { return folders_.holds(batch); }),
      folders_(store_, intake_, settings, clock,
               {[this](std::uint64_t job) { hooks_.job_ended(job); },
                [this](const auto& script, const std::string& why) { hooks_.refused(script, why); }}),
      folder_desk_(store_, post_, models_, folders_, settings),
      repair_desk_({store_, post_, models_, timetable_, dispatcher_, pipeline_, paths}),
      desk_({store_, post_, intake_, timetable_, estimates_, models_, pipeline_, dispatcher_, upkeep_, schedules_,
             reports_, folder_desk_, repair_desk_, paths, settings, clock},
            [this] { begin_stop(); }),
      disk_space_(paths.takes(), settings.disk_reserve_bytes),
      agents_(paths, settings, clock) {
  if (!settings.listen.empty()) {
    doorman_.emplace(context_, paths.allowed_keys());
    workers_.listen(context_, settings.listen, protocol::own_keys(paths.broker_key()), "workers");
    spdlog::info("workers of other machines may come to {}", settings.listen);
  }
  fault_point("sockets bound");
  store_.check_integrity();
  store_.restart();
  schedules_.take_over();
  for (std::uint64_t job : store_.uncut_jobs()) pipeline_.advance(job);
  for (std::uint64_t job : store_.jobs_in(JobState::publishing)) pipeline_.advance(job);
}

Broker::~Broker() {
  pipeline_.stop();
  std::error_code ignored;
  std::filesystem::remove(paths_.client_socket(), ignored);
  std::filesystem::remove(paths_.worker_socket(), ignored);
  close(signals_);
}

void Broker::run() {
  spdlog::flush_on(spdlog::level::warn);
  while (!stopped()) round();
}

void Broker::round() {
  await_events();
  receive_clients();
  std::int64_t next = kNever;
  try {
    if (committing_) {
      if (!commit_ended()) return;
      next = conclude();
    }
    next = std::min(next, transact());
    if (asked_.size() >= kManyAsked) return commit_beside();
    store_.commit();
    next = std::min(next, conclude());
  } catch (const DatabaseFault& fault) {
    undo(fault);
    next = clock_.monotonic_ms() + kUndoneWaitMs;
  }
  deliver();
  if (room_.waiting() > 0 || !unreachable_.empty()) next = 0;
  if (stopping_) next = std::min(next, clock_.monotonic_ms() + 100);
  spdlog::default_logger_raw()->flush();  // once for all that a round had to say
  deadline_ms_ = next;
}

void Broker::await_events() {
  std::vector<zmq::pollitem_t> items;
  const auto wait_for = [&](std::initializer_list<int> descriptors) {
    for (const int descriptor : descriptors)
      if (descriptor >= 0) items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
  };
  std::int64_t wait = 60000;
  if (room_.waiting() < kAskedAhead) clients_.wait_for(items);
  if (committing_) {
    wait_for({committer_.descriptor()});
  } else {
    workers_.wait_for(items);
    if (doorman_) items.push_back({doorman_->handle(), 0, ZMQ_POLLIN, 0});
    wait_for({signals_, room_.descriptor(), pipeline_.descriptor(), dispatcher_.descriptor(),
              folders_.results_descriptor(), folders_.events_descriptor()});
    wait = std::clamp<std::int64_t>(deadline_ms_ - clock_.monotonic_ms(), 0, wait);
  }
  try {
    zmq::poll(items, std::chrono::milliseconds(wait));
  } catch (const zmq::error_t& e) {
    if (e.num() != EINTR) throw;
  }
}

std::int64_t Broker::transact() {
  signals();
  if (doorman_) doorman_->answer();
  for (const std::string& peer : std::exchange(unreachable_, {})) dispatcher_.lost(peer, "its socket is gone");
  receive_workers();
  answer_clients();
  for (auto& result : dispatcher_.results()) results_.push_back(std::move(result));
  for (auto& result : pipeline_.results()) results_.push_back(std::move(result));
  for (auto& result : folders_.results()) results_.push_back(std::move(result));
  for (const auto& result : results_) result();
  folders_.read_events();
  std::int64_t next = agents_.tick();
  for (const std::int64_t pid : agents_.take_ended()) dispatcher_.lost_process(pid, "its process ended");
  next = std::min({next, dispatcher_.tick(), upkeep_.tick(), timetable_.tick(), stopping_ ? next : schedules_.tick(),
                   look_around(), folders_.tick()});
  const std::string& shortage = disk_space_.shortage(clock_.monotonic_ms());
  desk_.set_notice(shortage);
  if (!shortage.empty()) next = std::min(next, clock_.monotonic_ms() + kUndoneWaitMs);
  timetable_.release_models();
  dispatcher_.expect(timetable_.coming());
  dispatcher_.dispatch(!stopping_ && shortage.empty(), timetable_.open());
  changed_ = store_.take_changed();
  desk_.changed(changed_);
  next = std::min(next, desk_.tick());
  if (guard_removed("early-ack")) post_.flush();
  return next;
}

void Broker::commit_beside() {
  committing_ = true;
  committer_.add([this]() -> WorkPool::Result {
    std::exception_ptr fault;
    try {
      store_.commit();
    } catch (...) {
      fault = std::current_exception();
    }
    return [fault] {
      if (fault) std::rethrow_exception(fault);
    };
  });
}

bool Broker::commit_ended() {
  const auto ended = committer_.results();
  if (ended.empty()) return false;
  committing_ = false;
  ended.front()();
  return true;
}

std::int64_t Broker::conclude() {
  deliver();
  std::int64_t next = asked_.empty() ? kNever : pipeline_.yield_to_clients();
  asked_.clear();
  results_.clear();
  // Only now: the number of a job that was undone is given to the next one, which must not get what was cut for it.
  const auto added = store_.take_added();
  if (!stopping_) pipeline_.add(added);
  std::set_difference(changed_.begin(), changed_.end(), added.begin(), added.end(),
                      std::inserter(to_advance_, to_advance_.end()));
  for (std::uint64_t job : store_.take_ended())
    if (!folders_.ended(job)) hooks_.job_ended(job);
  next = std::min(next, folders_.tick());
  hooks_.begin();
  upkeep_.step();
  if (!stopping_ && !to_advance_.empty()) {
    const Reading reading = store_.read();
    for (; !to_advance_.empty(); to_advance_.erase(to_advance_.begin())) pipeline_.advance(*to_advance_.begin());
  }
  return std::min(next, pipeline_.tick());
}

void Broker::deliver() {
  auto unreachable = post_.flush();
  std::move(unreachable.begin(), unreachable.end(), std::back_inserter(unreachable_));
}

// Reports of windows that have closed, the machine's sleep, and the energy that work used.
std::int64_t Broker::look_around() {
  const std::int64_t now = clock_.monotonic_ms();
  const bool working = dispatcher_.leases() > 0;
  if (now >= energy_at_ms_ || (working && !counts_energy_)) {
    const double used = surroundings_.energy_used();
    if (used > 0 && counts_energy_) store_.add_energy(used);
    counts_energy_ = working;
    energy_at_ms_ = now + kEnergyEveryMs;
  }
  return std::min(sleep_lock_.set_working(working), reports_.tick([this](const Job& job) { return desk_.view(job); }));
}

void Broker::receive_clients() {
  room_.take_in();
  while (room_.waiting() < kAskedAhead) {
    auto arrival = clients_.receive();
    if (!arrival) return;
    room_.receive(std::move(arrival->peer), std::move(arrival->frames));
  }
}

void Broker::answer_clients() {
  room_.take(asked_);
  for (ReadingRoom::Asked& asked : asked_) {
    try {
      desk_.handle(std::move(asked));
    } catch (const DatabaseFault&) {
      throw;
    } catch (const Fault& fault) {
      spdlog::info("a request was refused ({} messages so far): {}", ++refused_messages_, fault.what());
      post_.to_client(asked.peer, protocol::to_error(fault), asked.request);
    }
  }
}

void Broker::receive_workers() {
  for (int i = 0; i < kMessagesARound; ++i) {
    auto arrival = workers_.receive();
    if (!arrival) return;
    const std::string& peer = arrival->peer;
    try {
      dispatcher_.handle(peer, protocol::decode(std::move(arrival->frames)));
    } catch (const DatabaseFault&) {
      throw;
    } catch (const Fault& fault) {
      spdlog::warn("a worker's message was refused ({} messages so far): {}", ++refused_messages_, fault.what());
      post_.to_worker(peer, protocol::to_error(fault));
    }
  }
}

void Broker::signals() {
  signalfd_siginfo info;
  while (read(signals_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) begin_stop();
}

// What happened since the last commit did not happen: askers are told, workers are asked what they hold, and results of
// the pools wait for the next round.
void Broker::undo(const DatabaseFault& fault) {
  store_.rollback();
  post_.drop();
  store_.take_changed();
  hooks_.forget();
  spdlog::error("{}", fault.what());
  if (fault.exit() != Exit::no_space && fault.exit() != Exit::no_broker) throw DatabaseFault(fault);
  for (const ReadingRoom::Asked& asked : std::exchange(asked_, {}))
    post_.to_client(asked.peer, protocol::to_error(fault), asked.request);
  dispatcher_.ask_again();
  schedules_.undone();
}

void Broker::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  folders_.stop();
  hooks_.hurry();
  stop_at_ms_ = clock_.monotonic_ms() + kFinishGraceMs;
  spdlog::info("stopping: {} segments are being spoken", dispatcher_.leases());
}

bool Broker::stopped() {
  if (!stopping_ || committing_) return false;
  const std::int64_t now = clock_.monotonic_ms();
  if (!retired_ && ((dispatcher_.leases() == 0 && hooks_.idle()) || now >= stop_at_ms_)) {
    retired_ = true;
    kill_at_ms_ = now + kRetireGraceMs;
    pipeline_.stop();
    dispatcher_.retire_all();
    post_.flush();
    agents_.end();
  }
  if (!retired_) return false;
  if (agents_.gone()) {
    for (const auto& result : dispatcher_.results()) result();
    store_.commit();
    spdlog::info("stopped");
    return true;
  }
  if (now >= kill_at_ms_) agents_.kill();
  return false;
}

}  // namespace lectern
