// Where the speech of a take stands, and its edges.
#pragma once

#include <cstddef>
#include <span>

namespace lectern::publish {

struct Speech {
  std::size_t begin = 0, frames = 0;  // samples of the take
};

// The take without the silence before and after: what lies between the first and last 10 ms whose energy is within
// 50 dB of the take's own peak, with 30 ms kept on each side for soft consonants. All of a take that is only silence.
Speech find_speech(std::span<const float> samples, int sample_rate_hz);

// Raises the first and lowers the last 5 ms, so that neither clicks.
void fade_edges(std::span<float> speech, int sample_rate_hz);

}  // namespace lectern::publish
