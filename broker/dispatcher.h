// The workers as the broker knows them: who is there, what they hold, what they have room for; hands out segments and
// takes in their takes.
//
// A worker is known from its `ready` until it is silent for five heartbeats, ten on another machine. What it holds stands in the store; the copy
// here is bookkeeping and is made again from the workers' own lists when a transaction had to be undone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/clock.h"
#include "broker/model_shelf.h"
#include "broker/pace.h"
#include "broker/post.h"
#include "broker/scheduler.h"
#include "broker/store/store.h"
#include "broker/timetable.h"
#include "broker/work_pool.h"
#include "config/paths.h"
#include "config/settings.h"

namespace lectern {

class Dispatcher {
 public:
  Dispatcher(Store& store, Post& post, ModelShelf& models, const Paths& paths, const Settings& settings,
             const Clock& clock);

  int descriptor() const { return takes_pool_.descriptor(); }
  std::vector<WorkPool::Result> results() { return takes_pool_.results(); }

  // A message from a worker. Throws Fault for one that cannot be understood.
  void handle(const std::string& peer, protocol::Message message);
  // Hands out segments of jobs in these open windows to those who have room. `accepting` false: nothing new. A worker
  // whose last segment came from a window that is closed now unloads its model when nothing may run.
  void dispatch(bool accepting, const std::vector<std::string>& windows);
  // Work that is known to come: workers are told with the answers to their heartbeats.
  void expect(const std::optional<Timetable::Coming>& coming) { coming_ = coming; }
  // Loads a model, or gives the memory of one back (empty: of any) and holds its work. The workers that were told.
  std::vector<std::string> load(const std::string& model, const std::string& keep);
  std::vector<std::string> unload(const std::string& model, bool now);
  // Somebody wants the model's work to go on.
  void let_go(const std::string& model);
  // Why no work of the model is handed out, for people; empty: it is.
  std::string held_up(const std::string& model) const;
  // Looks for silent workers; returns the next deadline (monotonic ms).
  std::int64_t tick();
  // The jobs' leases are given up and their workers told to forget them (cancel).
  void recall(std::uint64_t job);
  // A worker's socket is gone: what it holds is given up.
  void lost(const std::string& peer, const std::string& why);
  // The same for the worker of that process, when there is one.
  void lost_process(std::int64_t pid, const std::string& why);
  // The transaction was undone: asks every worker what it holds.
  void ask_again();
  void retire_all();

  std::vector<protocol::WorkerView> views() const;
  bool any_worker() const { return !workers_.empty(); }
  std::uint64_t leases() const;
  // Times real time over the last minute, all workers together; 0: nothing spoken in it.
  double speed() const { return pace_.overall(); }

 private:
  std::string digest_of(const protocol::Work& work);

  struct Worker {
    std::string id, device, engine_device, state, model, voice, waits_for, refuses;
    std::int64_t pid = 0, engine_pid = 0, heard_ms = 0, last_call_ms = 0, model_since_ms = 0, not_before_ms = 0;
    std::int64_t answered_ms = 0;  // when it last answered for a lease, or got one while it had none
    std::int64_t unload_ms = 0;    // wall clock; 0: it is not idle; -1: never
    std::uint64_t credit = 0, memory_bytes = 0, peak_memory_bytes = 0, segments_done = 0;
    std::uint64_t device_bytes = 0, peak_device_bytes = 0;
    bool remote = false;           // on another machine
    std::set<std::string> cannot;  // models for which it will never have room, or lacks the files
    std::map<std::uint64_t, std::uint64_t> leases;  // segment -> attempt, not answered yet
    std::set<std::uint64_t> storing;  // segments that it answered, whose takes are on their way to the disk
    bool exclusive = false;
    std::string window;       // of the job whose segment it got last
    bool unloading = false;   // it was told to unload since
    int engine_failures = 0;  // in a row, without a take between
  };

  void ready(const std::string& peer, const protocol::Message& message);
  void heartbeat(const std::string& peer, const protocol::Message& message);
  void take(Worker& worker, protocol::Message message);
  void segment_failed(Worker& worker, const protocol::Message& message);
  void give_back(Worker& worker, const protocol::Message& message);
  void engine_failed(Worker& worker, const protocol::Message& message);
  void stored(const std::string& worker, std::uint64_t segment);
  void unload_after_closing(const std::vector<std::string>& windows);
  void answered(Worker& worker, const protocol::Lease& lease);
  void fail_model(const std::string& model, const std::string& reason);
  void give_up_leases(Worker& worker, const std::string& why);
  void recall_stuck(const std::string& peer, Worker& worker);
  std::int64_t answer_due_ms(const Worker& worker) const;
  bool speaks(const Worker& worker, const std::string& model) const;
  void tell_expected(const Worker& worker, protocol::Heartbeat& answer) const;

  Store& store_;
  Post& post_;
  ModelShelf& models_;
  const Paths& paths_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Worker> workers_;                    // by peer
  std::map<std::uint64_t, double> served_;                   // characters handed out, by batch
  std::map<std::uint64_t, std::int64_t> job_not_before_ms_;  // after a retryable failure
  Pace pace_;
  std::optional<Timetable::Coming> coming_;
  WorkPool takes_pool_{2, 8};  // takes that come together share a transaction
};

}  // namespace lectern
