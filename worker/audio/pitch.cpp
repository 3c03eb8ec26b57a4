#include "worker/audio/pitch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/audio/resample.h"

namespace lectern::audio {

namespace {

constexpr int kRate = 8000, kFrame = 320, kHop = 160;
constexpr int kShortestLag = kRate / 400, kLongestLag = kRate / 60;
constexpr double kClearlyPeriodic = 0.6;

// The lag at which a frame is most like itself; 0: at none clearly.
int period_of(std::span<const float> samples, std::size_t begin) {
  double best = 0;
  std::vector<double> likeness(kLongestLag + 1);
  for (int lag = kShortestLag; lag <= kLongestLag; ++lag) {
    double product = 0, first = 1e-12, second = 1e-12;
    for (int i = 0; i + lag < kFrame; ++i) {
      const double a = samples[begin + i], b = samples[begin + i + lag];
      product += a * b;
      first += a * a;
      second += b * b;
    }
    likeness[lag] = product / std::sqrt(first * second);
    best = std::max(best, likeness[lag]);
  }
  if (best < kClearlyPeriodic) return 0;
  // The first lag nearly as good as the best: its multiples are as good.
  for (int lag = kShortestLag + 1; lag < kLongestLag; ++lag) {
    const bool peak = likeness[lag] >= likeness[lag - 1] && likeness[lag] >= likeness[lag + 1];
    if (peak && likeness[lag] >= 0.9 * best) return lag;
  }
  return 0;
}

}  // namespace

Pitch pitch_of(std::span<const float> samples, int rate_hz, double level_dbfs) {
  const std::vector<float> low = resampled(samples, rate_hz, kRate);
  const double threshold = std::pow(10.0, level_dbfs / 10) * kFrame;
  std::vector<double> periods;
  std::size_t loud = 0;
  for (std::size_t begin = 0; begin + kFrame <= low.size(); begin += kHop) {
    double power = 0;
    for (int i = 0; i < kFrame; ++i) power += static_cast<double>(low[begin + i]) * low[begin + i];
    if (power < threshold) continue;
    ++loud;
    if (const int period = period_of(low, begin); period > 0) periods.push_back(period);
  }
  if (periods.empty()) return {};
  std::sort(periods.begin(), periods.end());
  const auto at = [&](double share) { return periods[static_cast<std::size_t>(share * double(periods.size() - 1))]; };
  return {static_cast<double>(periods.size()) / static_cast<double>(loud), (at(0.75) - at(0.25)) / 2 / at(0.5)};
}

}  // namespace lectern::audio
