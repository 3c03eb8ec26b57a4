// What the user wants to be run after a job and after a batch: a command each, and a webhook. Off the loop, one after
// the other in the order of the events; a failure is logged and never more than that. An event that had not been told
// when the broker died is not told again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/store/store.h"
#include "broker/work_pool.h"
#include "config/settings.h"

namespace lectern::hooks {

class Hooks {
 public:
  // `held`: whether more jobs may join a batch.
  Hooks(Store& store, const Settings::Hooks& settings, std::function<bool(const std::string& batch_id)> held);
  ~Hooks();  // what has not begun is dropped, what runs is ended

  // In the open transaction: these have happened, unless forget() follows.
  void job_ended(std::uint64_t job) { jobs_.push_back(job); }
  void refused(const std::filesystem::path& script, const std::string& why);
  void forget();
  // After the commit: begins what has happened.
  void begin();
  bool idle() const;  // nothing runs or waits
  void hurry();       // the broker stops: what failed is not tried again

 private:
  void tell(const protocol::Json& facts, const std::string& command);

  Store& store_;
  const Settings::Hooks& settings_;
  std::function<bool(const std::string&)> held_;
  std::vector<std::uint64_t> jobs_;
  std::vector<protocol::Json> refused_;
  std::map<std::string, std::string> batches_;  // that may have drained: their names by id
  std::atomic<bool> stop_{false}, hurry_{false};
  std::mutex mutex_;
  std::condition_variable stopping_;
  std::optional<WorkPool> commands_, posts_;  // there when they are configured
};

}  // namespace lectern::hooks
