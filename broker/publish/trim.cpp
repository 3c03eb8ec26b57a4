#include "broker/publish/trim.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lectern::publish {

namespace {

constexpr double kGate = 0.00316;                                 // -50 dB
constexpr double kFrame = 0.010, kMargin = 0.030, kFade = 0.005;  // seconds

}  // namespace

Speech find_speech(std::span<const float> samples, int sample_rate_hz) {
  float peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(sample));
  const auto frame = std::max<std::size_t>(1, static_cast<std::size_t>(kFrame * sample_rate_hz));
  const auto margin = static_cast<std::size_t>(kMargin * sample_rate_hz);
  const double gate = (peak * kGate) * (peak * kGate);
  std::size_t first = samples.size(), end = 0;
  for (std::size_t begin = 0; begin < samples.size(); begin += frame) {
    const auto part = samples.subspan(begin, std::min(frame, samples.size() - begin));
    double energy = 0;
    for (float sample : part) energy += static_cast<double>(sample) * sample;
    if (energy <= gate * static_cast<double>(part.size())) continue;
    first = std::min(first, begin);
    end = begin + part.size();
  }
  if (end == 0) return {0, samples.size()};
  first -= std::min(first, margin);
  end = std::min(samples.size(), end + margin);
  return {first, end - first};
}

void fade_edges(std::span<float> speech, int sample_rate_hz) {
  const std::size_t frames = std::min(static_cast<std::size_t>(kFade * sample_rate_hz), speech.size() / 2);
  for (std::size_t i = 0; i < frames; ++i) {
    const double turn = std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(frames);
    const auto weight = static_cast<float>(0.5 - 0.5 * std::cos(turn));
    speech[i] *= weight;
    speech[speech.size() - 1 - i] *= weight;
  }
}

}  // namespace lectern::publish
