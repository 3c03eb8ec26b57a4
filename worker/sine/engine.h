// The engine "sine": tones in place of speech. Deterministic: the same request gives the same samples.
//
// Environment:
//   LECTERN_SINE_SPEED   times real time at which it pretends to compute; 0 or unset: as fast as possible
//   LECTERN_SINE_LANES   segments at once, 1 to 64; default 2
//   LECTERN_SINE_FAULTS  1: the triggers of faults.h work
#pragma once

#include <memory>
#include <vector>

#include "worker/engine.h"

namespace lectern::sine {

inline constexpr int kSampleRate = 24000;
inline constexpr int kRevision = 1;
inline constexpr double kCharactersPerSecond = 15;  // at speed 1
inline constexpr double kSilence_s = 0.2;           // before and after the tones

// Voices: low, middle, high. The options do not matter to it. Throws Fault for other settings of the environment than
// those above.
std::unique_ptr<Engine> make_engine(const EngineOptions& options);

// The tones for a text: 2 * kSilence_s + code points / (kCharactersPerSecond * speed) seconds. `pitch_hz` as given by
// the voice.
std::vector<float> tones(const SpeechRequest& request, double pitch_hz);

}  // namespace lectern::sine
