// Who speaks what next: a pure function of the runnable jobs, the workers' room and the time.
//
// Order: priority, then fair share between batches, then age; segments of a job in order. A worker stays with its model
// while that has work of the same priority, but not longer than `max_model_wait_ms` past another model's turn: then it
// gets nothing more until it has finished what it holds, and changes the model. Work goes first to those that have its
// model.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "broker/store/store.h"

namespace lectern {

struct WorkerRoom {
  std::string worker;
  std::string model;                // loaded, or of the leases that it holds; empty: none
  std::uint64_t leases = 0;         // segments that it holds
  std::uint64_t room = 0;           // segments that it can take beside those
  bool exclusive = false;           // it holds a segment that must be alone
  std::int64_t model_since_ms = 0;  // wall clock: since when it has this model
  std::set<std::string> refuses{};  // models that it cannot take work of now
};

struct BatchShare {
  std::uint64_t batch = 0;
  double served = 0;  // characters handed out
};

struct Assignment {
  std::size_t worker = 0;  // index into the rooms
  std::uint64_t job = 0, batch = 0;
  std::uint64_t segments = 0;  // at most so many
};

struct ScheduleOptions {
  std::int64_t max_model_wait_ms = 600'000;
};

// `served` tells what each batch had so far (a batch that is not in it had nothing). `now_ms` is the wall clock that
// RunnableJob::submitted_ms comes from.
std::vector<Assignment> schedule(std::vector<RunnableJob> jobs, const std::vector<WorkerRoom>& rooms,
                                 const std::vector<BatchShare>& served, std::int64_t now_ms,
                                 const ScheduleOptions& options);

}  // namespace lectern
