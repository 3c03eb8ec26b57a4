// Another sample rate, by libsoxr at its quality HQ: what librosa.resample does (res_type soxr_hq).
#pragma once

#include <span>
#include <vector>

namespace lectern::audio {

// Mono samples at `from_hz` -> ceil(n * to_hz / from_hz) samples at `to_hz`. The same rate gives a copy. Throws
// Fault(no_space) when libsoxr has no memory.
std::vector<float> resampled(std::span<const float> samples, int from_hz, int to_hz);

}  // namespace lectern::audio
