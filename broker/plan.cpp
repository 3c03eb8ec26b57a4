// How it works: time goes from event to event. At each, the best job that may run is worked on until it is done or
// until the next event: something opens, closes, becomes due, or ends that another job waits for.
#include "broker/plan.h"

#include <algorithm>
#include <set>

namespace lectern {
namespace {

using calendar::Instant;
using calendar::kNever;

class Play {
 public:
  Play(const std::vector<PlannedJob>& jobs, const Openings& openings) : jobs_(jobs), openings_(openings) {
    std::stable_sort(jobs_.begin(), jobs_.end(), [](const PlannedJob& a, const PlannedJob& b) {
      return a.priority != b.priority ? a.priority > b.priority : a.number < b.number;
    });
    for (const PlannedJob& job : jobs_) {
      runs_.push_back({job.number, 0, 0, 0});
      unfinished_.insert(job.number);
    }
  }

  void until(Instant now, Instant end) {
    while (now < end && !unfinished_.empty()) {
      Instant next = end;
      std::size_t best = jobs_.size();
      while (runs_[first_].end_ms != 0) ++first_;
      for (std::size_t i = first_; i < jobs_.size() && best == jobs_.size(); ++i)
        if (runs_[i].end_ms == 0 && may_run(jobs_[i], now, next)) best = i;
      if (best == jobs_.size()) {
        now = next;
        continue;
      }
      PlannedRun& run = runs_[best];
      if (run.start_ms == 0) run.start_ms = now, order_.push_back(best);
      const double left_s = jobs_[best].work_s - run.worked_s;
      const auto done_at = now + static_cast<Instant>(left_s * 1000) + 1;
      if (done_at <= next) {
        run.worked_s = jobs_[best].work_s;
        run.end_ms = now = done_at;
        unfinished_.erase(run.number);
      } else {
        run.worked_s += static_cast<double>(next - now) / 1000;
        now = next;
      }
    }
  }

  std::vector<PlannedRun> result() const {
    std::vector<PlannedRun> list;
    for (const std::size_t i : order_) list.push_back(runs_[i]);
    for (const PlannedRun& run : runs_)
      if (run.start_ms == 0) list.push_back(run);
    return list;
  }

 private:
  // Otherwise `next` becomes the time at which that may change, if that is sooner; so too for one that runs and is to
  // be looked at again then.
  bool may_run(const PlannedJob& job, Instant now, Instant& next) const {
    if (job.held) return false;
    if (job.when.after_job != 0 && unfinished_.count(job.when.after_job)) return false;
    if (job.when.not_before_ms > now) return next = std::min(next, job.when.not_before_ms), false;
    if (job.when.window.empty()) return true;
    const auto found = openings_.find(job.when.window);
    if (found == openings_.end()) return false;
    for (const calendar::Span& span : found->second) {
      if (span.end <= now) continue;
      next = std::min(next, span.begin > now ? span.begin : span.end);
      return span.begin <= now;
    }
    return false;
  }

  std::vector<PlannedJob> jobs_;
  const Openings& openings_;
  std::vector<PlannedRun> runs_;
  std::vector<std::size_t> order_;  // of starts
  std::size_t first_ = 0;           // all before it are done
  std::set<std::uint64_t> unfinished_;
};

}  // namespace

std::vector<PlannedRun> plan(const std::vector<PlannedJob>& jobs, const Openings& openings, std::int64_t now_ms,
                             std::int64_t until_ms) {
  Play play(jobs, openings);
  play.until(now_ms, until_ms);
  return play.result();
}

double seconds_open(const std::vector<calendar::Span>& spans, std::int64_t from_ms, std::int64_t to_ms) {
  double sum = 0;
  for (const calendar::Span& span : spans)
    sum += static_cast<double>(std::max<Instant>(std::min(span.end, to_ms) - std::max(span.begin, from_ms), 0)) / 1000;
  return sum;
}

}  // namespace lectern
