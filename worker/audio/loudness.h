// Loudness as pyloudnorm measures it, which the reference of Chatterbox uses: BS.1770 gating with K-weighting by two
// RBJ biquads. Its filters differ a little from the table of ITU-R BS.1770, so no library that follows that can stand
// in.
#pragma once

#include <optional>
#include <span>

namespace lectern::audio {

// LUFS of mono samples; nullopt: shorter than one block of 400 ms, or no block louder than -70 LUFS.
std::optional<double> integrated_loudness(std::span<const float> samples, int rate_hz);

// The factor that brings samples to `target_lufs`; 1 when their loudness cannot be measured.
double gain_to(double target_lufs, std::span<const float> samples, int rate_hz);

}  // namespace lectern::audio
