// Whether what is loud in a recording has a pitch that a voice can have, by autocorrelation. Pure.
#pragma once

#include <span>

namespace lectern::audio {

struct Pitch {
  double voiced_share = 0;  // of the loud frames: clearly periodic, 60 to 400 Hz
  double spread = 0;        // of their pitch: half the distance of the quartiles over the median
};

// Frames of 40 ms that are louder than `level_dbfs`.
Pitch pitch_of(std::span<const float> samples, int rate_hz, double level_dbfs);

}  // namespace lectern::audio
