// From logits to the next speech token, as the reference's inference_turbo does it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace lectern::chatterbox {

struct SamplingSettings {
  float temperature = 0.8f;         // <= 0 or 1: logits stay as they are
  std::int64_t top_k = 1000;        // 0: all
  float top_p = 0.95f;              // >= 1: all
  float repetition_penalty = 1.2f;  // 1: none
};

// In place, in the reference's order: temperature, top-k, top-p, repetition penalty. What is filtered becomes -inf.
// `history`: tokens drawn so far, or the start token alone before the first.
void process_logits(std::span<float> logits, std::span<const std::int64_t> history, const SamplingSettings& settings);

// exp(l - highest) / sum, in place; -inf becomes 0.
void softmax(std::span<float> logits);

// The draw q of Exp(1) that belongs to a token id at one step; any value > 0.
using Exponential = std::function<float(std::int64_t id)>;

// The id with the largest p / q, p = softmax(logits), which draws from p; -1 when every logit is -inf.
std::int64_t draw(std::span<const float> logits, const Exponential& q);

// Draws of a sequence of its own: they depend on seed, step and id alone, so that a row speaks the same in company.
Exponential seeded_draws(std::uint64_t seed, std::int64_t step);

}  // namespace lectern::chatterbox
