// Whether a recording will do for a voice: its best stretch, what is measured there, a verdict with advice. Pure
// functions of the samples.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "worker/audio/recording.h"

namespace lectern::audio {

inline constexpr double kLeastSeconds = 5;  // strictly more is needed
inline constexpr double kBestSeconds = 10, kMostSeconds = 15;

struct Examination {
  // Of the recording that was read.
  int rate_hz = 0, channels = 0;
  double seconds = 0;
  // What is used, in seconds from the beginning of what was read; at most 15 s.
  double start_s = 0, length_s = 0;
  // Of that stretch.
  double peak_dbfs = 0, speech_dbfs = 0, noise_dbfs = 0;
  double speech_share = 0;   // of the time: somebody speaks
  double clipped_share = 0;  // of the samples: cut off at the limit
  double voiced_share = 0;   // of what is loud: has a pitch that a voice can have

  std::vector<std::string> reasons;  // why it cannot be used; empty: it can
  std::vector<std::string> advice;   // what would make the voice better
  bool usable() const { return reasons.empty(); }
  const char* verdict() const;  // "good", "usable", "unusable"
};

// The stretch of up to 15 s in which most is spoken and that begins and ends in pauses, or all of it when it is not
// longer or `whole` (the user named the part).
Examination examine(const Recording& recording, bool whole);

// The stretch itself.
std::vector<float> stretch_of(const Recording& recording, const Examination& examination);

}  // namespace lectern::audio
