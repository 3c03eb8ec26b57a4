#include "worker/chatterbox/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace lectern::chatterbox {

namespace {

constexpr float kDropped = -std::numeric_limits<float>::infinity();

// Drops what is strictly below the k-th largest: ties at the boundary all stay.
void keep_top_k(std::span<float> logits, std::int64_t k) {
  if (k <= 0 || k >= static_cast<std::int64_t>(logits.size())) return;
  std::vector<float> sorted(logits.begin(), logits.end());
  const auto kth = sorted.begin() + (k - 1);
  std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
  for (float& logit : logits) {
    if (logit < *kth) logit = kDropped;
  }
}

// Drops the least likely ones whose probabilities add up to at most 1 - p; the likeliest always stays. Partial sums are
// added in double and compared as float, as the reference does.
void keep_top_p(std::span<float> logits, float p) {
  if (p >= 1) return;
  std::vector<std::pair<float, std::size_t>> order;  // equal ones by their place
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != kDropped) order.emplace_back(logits[i], i);
  }
  if (order.empty()) return;
  std::sort(order.begin(), order.end());
  std::vector<float> probabilities;
  for (const auto& [logit, i] : order) probabilities.push_back(logit);
  softmax(probabilities);
  const auto limit = static_cast<float>(1 - static_cast<double>(p));
  double sum = 0;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    sum += probabilities[i];
    if (static_cast<float>(sum) > limit) break;
    logits[order[i].second] = kDropped;
  }
}

void penalise(std::span<float> logits, std::span<const std::int64_t> history, float penalty) {
  if (penalty == 1) return;
  std::vector<std::int64_t> distinct(history.begin(), history.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const std::int64_t id : distinct) {
    float& logit = logits[static_cast<std::size_t>(id)];
    logit = logit < 0 ? logit * penalty : logit / penalty;
  }
}

// Mixes all bits (the finaliser of SplitMix64).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

void softmax(std::span<float> logits) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float& logit : logits) {
    logit = std::exp(logit - highest);
    sum += logit;
  }
  for (float& logit : logits) logit /= static_cast<float>(sum);
}

void process_logits(std::span<float> logits, std::span<const std::int64_t> history, const SamplingSettings& settings) {
  if (settings.temperature > 0 && settings.temperature != 1) {
    for (float& logit : logits) logit /= settings.temperature;
  }
  keep_top_k(logits, settings.top_k);
  keep_top_p(logits, settings.top_p);
  penalise(logits, history, settings.repetition_penalty);
}

std::int64_t draw(std::span<const float> logits, const Exponential& q) {
  std::vector<std::int64_t> ids;
  std::vector<float> probabilities;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == kDropped) continue;
    ids.push_back(static_cast<std::int64_t>(i));
    probabilities.push_back(logits[i]);
  }
  if (ids.empty()) return -1;
  softmax(probabilities);
  std::int64_t best = -1;
  float largest = -1;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float ratio = probabilities[i] / q(ids[i]);
    if (ratio > largest) largest = ratio, best = ids[i];
  }
  return best;
}

Exponential seeded_draws(std::uint64_t seed, std::int64_t step) {
  const std::uint64_t key = mix(mix(seed) ^ static_cast<std::uint64_t>(step));
  return [key](std::int64_t id) {
    // 53 bits and a half: never 0 nor 1.
    const double u = (static_cast<double>(mix(key + static_cast<std::uint64_t>(id)) >> 11) + 0.5) * 0x1p-53;
    return static_cast<float>(-std::log(u));
  };
}

}  // namespace lectern::chatterbox
