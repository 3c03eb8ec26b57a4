// A job's stages outside the workers: its script is cut when it comes in, its file is published when all is spoken.
// Both run on a pool; their results come back to the loop.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "broker/model_shelf.h"
#include "broker/store/store.h"
#include "broker/work_pool.h"
#include "config/settings.h"

namespace lectern {

class Pipeline {
 public:
  Pipeline(Store& store, ModelShelf& models, const Paths& paths, const Settings& settings, const Clock& clock);

  int descriptor() const { return pool_.descriptor(); }
  std::vector<WorkPool::Result> results() { return pool_.results(); }

  // These jobs are new: their scripts are to be cut.
  void add(const std::vector<std::uint64_t>& jobs);
  // Looks at a job that changed and begins what is due; ends the publishing of a job that was cancelled.
  void advance(std::uint64_t job);
  // Begins again what failed for lack of space and is due. Returns the next deadline (monotonic ms), or INT64_MAX.
  std::int64_t tick();
  // Runs something else on the pool (the cutting of a dry run).
  void run(WorkPool::Task task) { pool_.add(std::move(task)); }
  // Clients were answered: cutting waits until they have been silent for a moment, though never long, so that a bulk
  // submit is acknowledged first. Returns when cutting goes on (monotonic ms), or INT64_MAX.
  std::int64_t yield_to_clients();
  void stop();  // publishing in work ends without a file

 private:
  void feed();
  std::int64_t cutting_at_ms() const { return std::min(quiet_at_ms_, yielding_until_ms_); }
  void cut(const Job& job);
  void publish(const Job& job);

  Store& store_;
  ModelShelf& models_;
  const Paths& paths_;
  const Settings& settings_;
  const Clock& clock_;
  std::deque<std::uint64_t> to_cut_;
  std::set<std::uint64_t> cutting_;  // in to_cut_ or on the pool
  int cuts_running_ = 0;
  std::int64_t quiet_at_ms_ = 0, yielding_until_ms_ = 0;                    // cutting begins at the earlier one
  std::map<std::uint64_t, std::shared_ptr<std::atomic<bool>>> publishing_;  // the flags stop them
  std::map<std::uint64_t, std::int64_t> again_at_;                          // publishing waits for space
  WorkPool pool_{2};
};

}  // namespace lectern
