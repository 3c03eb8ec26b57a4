#include "broker/publish/limiter.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace lectern::publish {

namespace {

constexpr double kAhead_s = 0.005, kRise_s = 0.080;
constexpr std::size_t kBlock = 64;          // samples that are judged together
constexpr float kMostOvershoot = 2.5f;      // of the interpolation, above the largest sample around
constexpr double kDone = 1 - 1e-6;          // a gain that is as good as 1

}  // namespace

Limiter::Limiter(int sample_rate_hz, double ceiling, std::function<void(std::span<const float>)> hand_on)
    : ceiling_(ceiling),
      hand_on_(std::move(hand_on)),
      ahead_(std::max<std::size_t>(1, static_cast<std::size_t>(kAhead_s * sample_rate_hz))),
      rise_(1 - std::exp(-1 / (kRise_s * sample_rate_hz))),
      in_(kReach, 0.f),
      window_(ahead_ + 1, 1.0),
      sum_(static_cast<double>(ahead_ + 1)),
      idle_(2 * ahead_ + 2) {
  for (int phase = 1; phase < kPhases; ++phase)
    for (int tap = 0; tap < kTaps; ++tap) {  // tap kReach - 1 is the sample itself, kReach the one after
      const double x = tap - (kReach - 1) - static_cast<double>(phase) / kPhases;
      const double sinc = std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
      const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * x / kReach);
      between_[static_cast<std::size_t>(phase - 1)][static_cast<std::size_t>(tap)] = static_cast<float>(sinc * window);
    }
}

// The largest amplitude from the sample to the one after it.
double Limiter::peak_at(std::size_t index) const {
  float peak = std::abs(in_[index]);
  const float* first = &in_[index - (kReach - 1)];
  for (const auto& taps : between_) {
    float value = 0;
    for (int tap = 0; tap < kTaps; ++tap) value += taps[static_cast<std::size_t>(tap)] * first[tap];
    peak = std::max(peak, std::abs(value));
  }
  return peak;
}

double Limiter::wished_gain(std::size_t index, bool quiet) {
  const double before = std::exchange(peak_, quiet ? 0 : peak_at(index));
  const double peak = std::max(before, peak_);  // on both sides of it
  return peak > ceiling_ ? ceiling_ / peak : 1;
}

// Takes the gain that the newest sample wishes, and returns that of the sample `ahead_` before it.
double Limiter::smooth_gain(double wished) {
  gain_ = std::min(wished, gain_ + (1 - gain_) * rise_);
  if (gain_ > kDone && wished == 1) gain_ = 1;
  const std::size_t now = looked_at_++;
  idle_ = gain_ == 1 ? idle_ + 1 : 0;
  if (idle_ > 2 * ahead_ + 1) {
    if (!least_.empty()) {  // all that was remembered is 1 again
      least_.clear();
      std::fill(window_.begin(), window_.end(), 1.0);
      sum_ = static_cast<double>(window_.size());
    }
    return 1;
  }
  while (!least_.empty() && least_.back().gain >= gain_) least_.pop_back();
  least_.push_back({now, gain_});
  while (least_.front().index + ahead_ < now) least_.pop_front();
  double& oldest = window_[now % window_.size()];
  sum_ += least_.front().gain - oldest;
  oldest = least_.front().gain;
  return std::min(1.0, sum_ / static_cast<double>(window_.size()));
}

void Limiter::work_through(std::size_t until) {
  std::size_t index = kReach;
  while (index < until) {
    const std::size_t end = std::min(until, index + kBlock);
    float largest = 0;
    for (std::size_t i = index - kReach; i < end + kReach; ++i) largest = std::max(largest, std::abs(in_[i]));
    const bool quiet = largest * kMostOvershoot < ceiling_;
    for (; index < end; ++index) {
      const double gain = smooth_gain(wished_gain(index, quiet));
      held_.push_back(in_[index]);
      if (looked_at_ <= ahead_) continue;
      const float sample = held_[held_from_++];
      out_.push_back(gain == 1 ? sample : static_cast<float>(sample * gain));
      least_gain_ = std::min(least_gain_, gain);
    }
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(until - kReach));
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(held_from_));
  held_from_ = 0;
  if (!out_.empty()) hand_on_(out_);
  out_.clear();
}

void Limiter::write(std::span<const float> samples) {
  in_.insert(in_.end(), samples.begin(), samples.end());
  if (in_.size() > 3 * kReach) work_through(in_.size() - kReach);
}

void Limiter::finish() {
  const std::vector<float> zeros(kReach + ahead_, 0.f);
  in_.insert(in_.end(), zeros.begin(), zeros.end());
  work_through(in_.size() - kReach);
}

}  // namespace lectern::publish
