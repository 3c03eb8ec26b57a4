// The dispatcher's dealings with models: who has which, who is to load or unload one, whose work is held.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "broker/dispatcher.h"

namespace lectern {
namespace {

constexpr std::int64_t kAheadMs = 120000;  // a model may be there so long before work that is known to come

}  // namespace

bool Dispatcher::speaks(const Worker& worker, const std::string& model) const {
  return worker.refuses != model && !worker.cannot.count(model);
}

// One worker gets the model ready: that which has it, else the first that can. The others follow when there is more
// work than it has room for.
void Dispatcher::tell_expected(const Worker& worker, protocol::Heartbeat& answer) const {
  if (!coming_ || coming_->at <= clock_.wall_ms()) return;
  const Worker* chosen = nullptr;
  for (const auto& [peer, other] : workers_) {
    if (!speaks(other, coming_->model)) continue;
    const bool has_it = other.model == coming_->model && other.engine_pid != 0;
    if (!chosen || has_it) chosen = &other;
    if (has_it) break;
  }
  if (chosen != &worker) return;
  answer.expected_model = coming_->model;
  answer.expected_in_ms = coming_->at - clock_.wall_ms();
}

void Dispatcher::fail_model(const std::string& model, const std::string& reason) {
  for (JobState state : {JobState::queued, JobState::running})
    for (std::uint64_t number : store_.jobs_in(state))
      if (const auto job = store_.job(number); job && job->model == model && job->cut) {
        recall(number);
        store_.change(number, JobEvent::fail, "model " + model + " cannot be used: " + reason);
      }
}

void Dispatcher::let_go(const std::string& model) {
  store_.release_model(model);
  for (auto& [peer, worker] : workers_) worker.cannot.erase(model);
}

std::vector<std::string> Dispatcher::load(const std::string& model, const std::string& keep) {
  let_go(model);
  const std::pair<const std::string, Worker>* chosen = nullptr;
  const auto rank = [&](const Worker& worker) {
    return worker.model == model && worker.engine_pid != 0 ? 0 : worker.engine_pid == 0 ? 1 : 2;
  };
  for (const auto& entry : workers_)
    if (!chosen || rank(entry.second) < rank(chosen->second)) chosen = &entry;
  if (!chosen) return {};
  post_.to_worker(chosen->first, protocol::Load{model, keep});
  return {chosen->second.id};
}

std::vector<std::string> Dispatcher::unload(const std::string& model, bool now) {
  for (const CatalogueModel& known : models_.models())
    if (model.empty() || known.name == model) store_.hold_model(known.name);
  std::vector<std::string> told;
  for (auto& [peer, worker] : workers_) {
    const bool has_one = worker.engine_pid != 0 || !worker.leases.empty();
    if (!model.empty() && worker.model != model) continue;
    protocol::Unload unload;
    unload.now = now;
    post_.to_worker(peer, unload);
    if (has_one) told.push_back(worker.id);
  }
  return told;
}

std::string Dispatcher::held_up(const std::string& model) const {
  if (store_.unloaded_models().count(model))
    return "waiting: model " + model + " was unloaded; `lectern model load " + model + "` lets it go on";
  std::string reason;
  for (const auto& [peer, worker] : workers_) {
    if (speaks(worker, model)) return {};
    if (worker.refuses == model) reason = worker.waits_for;
  }
  return reason.empty() ? reason : "waiting for memory: " + reason;
}

void Dispatcher::unload_after_closing(const std::vector<std::string>& windows) {
  std::optional<bool> nothing_to_do;
  for (auto& [peer, worker] : workers_) {
    const bool open = std::find(windows.begin(), windows.end(), worker.window) != windows.end();
    if (open) worker.unloading = false;
    const bool ahead = coming_ && coming_->model == worker.model && coming_->at <= clock_.wall_ms() + kAheadMs;
    if (open || ahead || worker.unloading || (worker.leases.empty() && worker.engine_pid == 0)) continue;
    if (!nothing_to_do) nothing_to_do = store_.runnable(windows).empty();
    if (!*nothing_to_do) return;
    spdlog::info("worker {} unloads its model: window {} is closed", worker.id, worker.window);
    worker.unloading = true;
    post_.to_worker(peer, protocol::Unload{});
  }
}

}  // namespace lectern
