#include "broker/scheduler.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace lectern {
namespace {

constexpr double kSegmentCharacters = 100;  // what handing out one segment counts for a batch, until it is known

// The model that a worker should speak next: its own, unless another one outranks it or has waited too long.
std::string choose_model(const std::vector<RunnableJob>& jobs, const WorkerRoom& room, std::int64_t now_ms,
                         const ScheduleOptions& options) {
  const RunnableJob* own = nullptr;
  const RunnableJob* other = nullptr;
  for (const RunnableJob& job : jobs) {
    if (job.waiting == 0 || room.refuses.count(job.model)) continue;
    const RunnableJob*& best = job.model == room.model ? own : other;
    if (!best || job.priority > best->priority ||
        (job.priority == best->priority && job.submitted_ms < best->submitted_ms))
      best = &job;
  }
  if (!own) return other ? other->model : std::string();
  if (!other || other->priority < own->priority) return own->model;
  const auto waiting_since = std::max(other->submitted_ms, room.model_since_ms);
  const bool overdue = other->submitted_ms < own->submitted_ms && now_ms - waiting_since > options.max_model_wait_ms;
  return other->priority > own->priority || overdue ? other->model : own->model;
}

// Those first whose model has work.
std::vector<std::size_t> warm_first(const std::vector<RunnableJob>& jobs, const std::vector<WorkerRoom>& rooms) {
  std::set<std::string> wanted;
  for (const RunnableJob& job : jobs) wanted.insert(job.model);
  std::vector<std::size_t> order(rooms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t w) { return wanted.count(rooms[w].model) > 0; });
  return order;
}

}  // namespace

std::vector<Assignment> schedule(std::vector<RunnableJob> jobs, const std::vector<WorkerRoom>& rooms,
                                 const std::vector<BatchShare>& served, std::int64_t now_ms,
                                 const ScheduleOptions& options) {
  std::map<std::uint64_t, double> share;
  for (const BatchShare& batch : served) share[batch.batch] = batch.served;

  std::vector<Assignment> assignments;
  for (const std::size_t w : warm_first(jobs, rooms)) {
    const WorkerRoom& room = rooms[w];
    if (room.exclusive || room.room == 0) continue;
    const std::string model = choose_model(jobs, room, now_ms, options);
    if (model.empty() || (room.leases > 0 && model != room.model)) continue;  // finish the old model first
    for (std::uint64_t given = 0; given < room.room; ++given) {
      RunnableJob* best = nullptr;
      for (RunnableJob& job : jobs) {
        if (job.waiting == 0 || job.model != model) continue;
        if (!best || job.priority > best->priority ||
            (job.priority == best->priority && (share[job.batch] < share[best->batch] ||
                                                (share[job.batch] == share[best->batch] && job.number < best->number))))
          best = &job;
      }
      if (!best) break;
      --best->waiting;
      share[best->batch] += kSegmentCharacters;
      auto same = std::find_if(assignments.begin(), assignments.end(),
                               [&](const Assignment& a) { return a.worker == w && a.job == best->number; });
      if (same != assignments.end())
        ++same->segments;
      else
        assignments.push_back({w, best->number, best->batch, 1});
    }
  }
  return assignments;
}

}  // namespace lectern
