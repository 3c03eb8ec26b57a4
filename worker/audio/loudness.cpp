#include "worker/audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace lectern::audio {

namespace {

constexpr double kBlock_s = 0.4, kStep = 0.25, kAbsoluteGate = -70, kRelativeGate = -10;

struct Biquad {
  double b0, b1, b2, a1, a2;  // a0 = 1

  // In place; rounded to float32, as pyloudnorm keeps what it filters.
  void filter(std::vector<float>& samples) const {
    double first = 0, second = 0;
    for (float& sample : samples) {
      const double in = sample, out = b0 * in + first;
      first = b1 * in - a1 * out + second;
      second = b2 * in - a2 * out;
      sample = static_cast<float>(out);
    }
  }
};

Biquad high_shelf(double gain_db, double q, double corner_hz, double rate_hz) {
  const double a = std::pow(10.0, gain_db / 40), w = 2 * std::numbers::pi * corner_hz / rate_hz;
  const double alpha = std::sin(w) / (2 * q), c = std::cos(w), root = 2 * std::sqrt(a) * alpha;
  const double a0 = (a + 1) - (a - 1) * c + root;
  return {a * ((a + 1) + (a - 1) * c + root) / a0, -2 * a * ((a - 1) + (a + 1) * c) / a0,
          a * ((a + 1) + (a - 1) * c - root) / a0, 2 * ((a - 1) - (a + 1) * c) / a0,
          ((a + 1) - (a - 1) * c - root) / a0};
}

Biquad high_pass(double q, double corner_hz, double rate_hz) {
  const double w = 2 * std::numbers::pi * corner_hz / rate_hz;
  const double alpha = std::sin(w) / (2 * q), c = std::cos(w), a0 = 1 + alpha;
  return {(1 + c) / 2 / a0, -(1 + c) / a0, (1 + c) / 2 / a0, -2 * c / a0, (1 - alpha) / a0};
}

double lufs(double power) { return -0.691 + 10 * std::log10(power); }

// The power of every block, each 100 ms behind the one before.
std::vector<double> block_powers(const std::vector<float>& weighted, double rate_hz) {
  const double seconds = static_cast<double>(weighted.size()) / rate_hz;
  const auto blocks = static_cast<std::int64_t>(std::nearbyint((seconds - kBlock_s) / (kBlock_s * kStep))) + 1;
  std::vector<double> powers;
  for (std::int64_t j = 0; j < blocks; ++j) {
    const double start = static_cast<double>(j) * kStep;
    const auto from = static_cast<std::size_t>(kBlock_s * start * rate_hz);
    const auto to = std::min(weighted.size(), static_cast<std::size_t>(kBlock_s * (start + 1) * rate_hz));
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(weighted[i]) * weighted[i];
    powers.push_back(sum / (kBlock_s * rate_hz));
  }
  return powers;
}

// The mean of the powers above a gate; nullopt: none is.
std::optional<double> gated_mean(const std::vector<double>& powers, double gate_lufs) {
  double sum = 0;
  int count = 0;
  for (const double power : powers) {
    if (power <= 0 || lufs(power) <= gate_lufs) continue;
    sum += power;
    ++count;
  }
  return count == 0 ? std::nullopt : std::optional(sum / count);
}

}  // namespace

std::optional<double> integrated_loudness(std::span<const float> samples, int rate_hz) {
  if (static_cast<double>(samples.size()) < kBlock_s * rate_hz) return std::nullopt;
  std::vector<float> weighted(samples.begin(), samples.end());
  high_shelf(4, 1 / std::numbers::sqrt2, 1500, rate_hz).filter(weighted);
  high_pass(0.5, 38, rate_hz).filter(weighted);
  const std::vector<double> powers = block_powers(weighted, rate_hz);
  const auto audible = gated_mean(powers, kAbsoluteGate);
  if (!audible) return std::nullopt;
  const auto spoken = gated_mean(powers, std::max(kAbsoluteGate, lufs(*audible) + kRelativeGate));
  return spoken ? std::optional(lufs(*spoken)) : std::nullopt;
}

double gain_to(double target_lufs, std::span<const float> samples, int rate_hz) {
  const auto loudness = integrated_loudness(samples, rate_hz);
  return loudness ? std::pow(10.0, (target_lufs - *loudness) / 20) : 1;
}

}  // namespace lectern::audio
