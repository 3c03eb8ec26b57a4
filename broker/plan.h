// What will run when, by estimate: a pure function of the jobs, their windows and the time.
//
// It plays the queue as if one worker spoke at the pace that the estimates come from: priority first, then age; a job
// whose window closes goes on when it opens again. The fair share between batches is left out: it moves ends by a
// little, and starts not at all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "broker/store/store.h"
#include "config/calendar/window.h"

namespace lectern {

struct PlannedJob {
  std::uint64_t number = 0;
  std::int64_t priority = 0;
  double work_s = 0;  // computing that is left
  When when;
  bool held = false;  // does not run at all
};

struct PlannedRun {
  std::uint64_t number = 0;
  std::int64_t start_ms = 0, end_ms = 0;  // 0: not until the plan's end
  double worked_s = 0;                    // of its work, until the plan's end
};

// When each window is open, by name, in order; from now until the plan's end at least. A name that is not in it is
// never open.
using Openings = std::map<std::string, std::vector<calendar::Span>>;

// The jobs in the order in which they start; those that do not start until `until_ms` last, in the order of the queue.
std::vector<PlannedRun> plan(const std::vector<PlannedJob>& jobs, const Openings& openings, std::int64_t now_ms,
                             std::int64_t until_ms);

// How much of [from, to) lies in these stretches, in seconds.
double seconds_open(const std::vector<calendar::Span>& spans, std::int64_t from_ms, std::int64_t to_ms);

}  // namespace lectern
