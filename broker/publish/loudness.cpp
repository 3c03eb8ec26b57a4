#include "broker/publish/loudness.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "config/fault.h"

namespace lectern::publish {

namespace {

constexpr double kQuietest_db = -60;  // what is quieter on the whole is not speech, and is left alone
constexpr double kMostGain_db = 40;
constexpr double kMakeUp_db = 6;      // that is added at most for what the limiter took away
constexpr double kMargin_db = 0.2;    // between the limiter's ceiling and what is allowed

double measured(const LoudnessPreset& preset, const Loudness& loudness) {
  // Too short for a block of EBU R128: RMS comes near.
  const bool rms = preset.by_rms || loudness.integrated_lufs <= kSilence_db;
  return rms ? loudness.rms_db : loudness.integrated_lufs;
}

std::string figure(const char* what, double value, const char* unit, double low, double high) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.1f %s, not %.1f to %.1f", what, value, unit, low, high);
  return text;
}

std::string above(const char* what, double value, const char* unit, double most) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.1f %s, not below %.1f", what, value, unit, most);
  return text;
}

}  // namespace

const std::vector<LoudnessPreset>& loudness_presets() {
  static const std::vector<LoudnessPreset> all = {
      {"audiobook", true, -23, -20, -18, -3, -60},  // ACX, which audiobook shops follow
      {"podcast", false, -16.5, -16, -15.5, -1, 0},
      {"broadcast", false, -23.5, -23, -22.5, -1, 0},  // EBU R128
  };
  return all;
}

const LoudnessPreset* find_preset(const std::string& name) {
  if (name == "none" || name.empty()) return nullptr;
  for (const LoudnessPreset& preset : loudness_presets())
    if (preset.name == name) return &preset;
  throw Fault(Exit::bad_input, "there is no loudness '" + name + "'", "use audiobook, podcast, broadcast or none");
}

Levels choose_levels(const LoudnessPreset& preset, const Loudness& spoken) {
  Levels levels;
  levels.ceiling_db = preset.true_peak_db - kMargin_db;
  const double loudness = measured(preset, spoken);
  if (loudness > kQuietest_db) levels.gain_db = std::min(kMostGain_db, preset.target - loudness);
  levels.most_gain_db = levels.gain_db + kMakeUp_db;
  return levels;
}

bool correct_levels(const LoudnessPreset& preset, const Loudness& result, Levels& levels) {
  bool changed = false;
  if (result.true_peak_db > preset.true_peak_db) {
    levels.ceiling_db -= result.true_peak_db - preset.true_peak_db + kMargin_db;
    changed = true;
  }
  const double loudness = measured(preset, result);
  if (loudness < preset.low && loudness > kQuietest_db && levels.gain_db < levels.most_gain_db) {
    levels.gain_db = std::min(levels.most_gain_db, levels.gain_db + (preset.target - loudness));
    changed = true;
  }
  return changed;
}

std::vector<std::string> misses(const LoudnessPreset& preset, const Loudness& result) {
  std::vector<std::string> missed;
  const double loudness = measured(preset, result);
  if (loudness < preset.low || loudness > preset.high)
    missed.push_back(preset.by_rms ? figure("RMS", loudness, "dB", preset.low, preset.high)
                                   : figure("the loudness", loudness, "LUFS", preset.low, preset.high));
  if (result.true_peak_db > preset.true_peak_db)
    missed.push_back(above("the true peak", result.true_peak_db, "dBTP", preset.true_peak_db));
  if (preset.noise_floor_db < 0 && result.noise_floor_db > preset.noise_floor_db)
    missed.push_back(above("the noise floor", result.noise_floor_db, "dB", preset.noise_floor_db));
  return missed;
}

}  // namespace lectern::publish
