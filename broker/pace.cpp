#include "broker/pace.h"

#include <algorithm>
#include <utility>

namespace lectern {
namespace {

constexpr std::int64_t kWindowMs = 60000;
constexpr std::int64_t kLearnFromMs = 5000;  // so much of speaking tells the model's speed

}  // namespace

void Pace::add(Spoken spoken) { spoken_.push_back(std::move(spoken)); }

void Pace::forget_before(std::int64_t now_ms) {
  while (!spoken_.empty() && spoken_.front().at_ms < now_ms - kWindowMs) spoken_.pop_front();
}

Pace::Sum Pace::sum_where(const std::function<bool(const Spoken&)>& wanted) const {
  Sum sum;
  double busy_until_s = 0;
  for (const Spoken& spoken : spoken_) {
    if (!wanted(spoken)) continue;
    const double end_s = static_cast<double>(spoken.at_ms) / 1000;
    sum.working_s += std::max(end_s - std::max(end_s - spoken.computing_s, busy_until_s), 0.0);
    sum.audio_s += spoken.audio_s;
    busy_until_s = end_s;
  }
  return sum;
}

std::optional<double> Pace::lesson() {
  const Spoken& last = spoken_.back();
  if (last.at_ms - looked_ms_ < kLearnFromMs) return std::nullopt;
  looked_ms_ = last.at_ms;
  const Sum sum = sum_where([&](const Spoken& spoken) { return spoken.model == last.model; });
  if (sum.working_s * 1000 < kLearnFromMs) return std::nullopt;
  return sum.audio_s / sum.working_s;
}

double Pace::of_worker(const std::string& worker) const {
  const Sum sum = sum_where([&](const Spoken& spoken) { return spoken.worker == worker; });
  return sum.working_s > 0 ? sum.audio_s / sum.working_s : 0;
}

double Pace::overall() const {
  if (spoken_.empty()) return 0;
  double audio_s = -spoken_.front().audio_s;  // its own time is not known
  for (const Spoken& spoken : spoken_) audio_s += spoken.audio_s;
  const double span_s = static_cast<double>(spoken_.back().at_ms - spoken_.front().at_ms) / 1000;
  return span_s > 0.05 ? audio_s / span_s : 0;
}

}  // namespace lectern
