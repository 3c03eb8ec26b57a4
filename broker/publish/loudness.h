// How loud a finished work shall be: presets as data, and the gain and ceiling that bring a work there.
#pragma once

#include <string>
#include <vector>

#include "broker/publish/meter.h"

namespace lectern::publish {

struct LoudnessPreset {
  std::string name;
  bool by_rms = false;              // the target is RMS, as ACX asks; else integrated loudness
  double low = 0, target = 0, high = 0;  // dB or LUFS
  double true_peak_db = 0;          // nothing is louder
  double noise_floor_db = 0;        // pauses are quieter; 0: not asked for
};

// The preset of that name; nullptr for "none", with which sound stays as it was spoken. Throws Fault(bad_input).
const LoudnessPreset* find_preset(const std::string& name);
const std::vector<LoudnessPreset>& loudness_presets();

// What is done to every sample of a work.
struct Levels {
  double gain_db = 0;
  double most_gain_db = 0;          // what limiting takes away is given back up to here: more would crush the voice
  double ceiling_db = kSilence_db;  // of the limiter; kSilence_db: there is none
};

// From a measurement of the work as it was spoken. What is all but silent is not amplified.
Levels choose_levels(const LoudnessPreset& preset, const Loudness& spoken);
// From a measurement of the result, whose limited peaks took some loudness away or stand too high after all. False when
// the result is as it should be, or nothing more can be done.
bool correct_levels(const LoudnessPreset& preset, const Loudness& result, Levels& levels);

// What the result misses of the preset, as sentences; empty: nothing.
std::vector<std::string> misses(const LoudnessPreset& preset, const Loudness& result);

}  // namespace lectern::publish
