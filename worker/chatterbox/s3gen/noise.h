// Seeded noise: the same numbers on every machine and device (but for the last bit of float32), whatever else is drawn.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace lectern::chatterbox::s3gen {

// What is drawn for one row; each has numbers of its own.
enum class Draw : std::uint64_t { flow_state = 1, source_phase = 2, source_noise = 3 };

// `count` values of standard normal noise, float32 [count].
at::Tensor normal_noise(std::uint64_t seed, Draw draw, int64_t count, at::Device device);
// The same, evenly spread over [-1, 1).
at::Tensor uniform_noise(std::uint64_t seed, Draw draw, int64_t count, at::Device device);

}  // namespace lectern::chatterbox::s3gen
