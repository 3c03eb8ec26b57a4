// How it works: the recording is cut into frames of 20 ms. The noise floor is what the quietest tenth of them reaches;
// a frame is speech when it is clearly louder. A voice shows in that loudness comes and goes, and in that most of what
// is loud has a pitch which moves: a tone, hum or hiss has neither.
#include "worker/audio/examination.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "worker/audio/pitch.h"

namespace lectern::audio {

namespace {

constexpr double kFrame_s = 0.02, kQuietest = 1e-6;         // -120 dBFS
constexpr double kSilent_dbfs = -60;                        // a peak below is no recording of anything
constexpr double kAboveNoise_db = 9, kBelowSpeech_db = 30;  // between the two, the threshold of speech
constexpr double kLeastRange_db = 8;                        // between loud and quiet frames; steady sounds have less
constexpr double kLeastSpeech = 0.25, kLittleSpeech = 0.5;
constexpr double kLeastVoiced = 0.2, kLeastPitchSpread = 0.01;
constexpr double kNoisy_db = 20, kTooNoisy_db = 8;  // speech above noise
constexpr double kClipped = 0.0002, kTooClipped = 0.01;
constexpr double kQuiet_dbfs = -40, kCancelled_db = -10;
constexpr int kDullRate_hz = 16000;

double db(double power) { return 10 * std::log10(std::max(power, kQuietest * kQuietest)); }

struct Frames {
  std::vector<double> level_db;
  std::vector<int> clipped;  // samples
};

// A sample counts as clipped inside a run of three at the recording's own peak, when that peak is near full scale.
std::vector<bool> clipped_samples(std::span<const float> samples, float peak) {
  std::vector<bool> clipped(samples.size());
  if (peak < 0.9f) return clipped;
  const auto at_limit = [&](std::size_t i) { return std::abs(samples[i]) >= 0.999f * peak; };
  for (std::size_t i = 0; i + 2 < samples.size(); ++i) {
    if (!at_limit(i) || !at_limit(i + 1) || !at_limit(i + 2)) continue;
    clipped[i] = clipped[i + 1] = clipped[i + 2] = true;
  }
  return clipped;
}

float peak_of(std::span<const float> samples) {
  float peak = 0;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  return peak;
}

Frames frames_of(std::span<const float> samples, int rate_hz) {
  const auto size = static_cast<std::size_t>(kFrame_s * rate_hz);
  const std::vector<bool> clipped = clipped_samples(samples, peak_of(samples));
  Frames frames;
  for (std::size_t begin = 0; begin + size <= samples.size(); begin += size) {
    double power = 0;
    int count = 0;
    for (std::size_t i = begin; i < begin + size; ++i) {
      power += static_cast<double>(samples[i]) * samples[i];
      count += clipped[i];
    }
    frames.level_db.push_back(db(power / static_cast<double>(size)));
    frames.clipped.push_back(count);
  }
  return frames;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return db(0);
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

// Above which a frame is speech.
double threshold_db(const std::vector<double>& levels) {
  const double loud = quantile(levels, 0.9);
  return std::min(std::max(quantile(levels, 0.1) + kAboveNoise_db, loud - kBelowSpeech_db), loud - 1);
}

// The most spoken window of 10 to 15 s, in frames; longer ones and edges in pauses are preferred a little.
std::pair<std::size_t, std::size_t> best_window(const Frames& frames, double threshold) {
  const auto in_frames = [](double seconds) { return static_cast<std::size_t>(std::lround(seconds / kFrame_s)); };
  const std::size_t count = frames.level_db.size(), most = in_frames(kMostSeconds);
  if (count <= most) return {0, count};
  std::vector<double> value(count + 1);  // sums up to a frame
  for (std::size_t i = 0; i < count; ++i) {
    value[i + 1] = value[i] + (frames.level_db[i] > threshold ? 1 : 0) - frames.clipped[i];
  }
  const auto pause = [&](std::size_t frame) { return frames.level_db[frame] <= threshold ? 1.0 : 0.0; };
  double best = -1e300;
  std::pair<std::size_t, std::size_t> found{0, most};
  for (std::size_t length = in_frames(kBestSeconds); length <= most; length += in_frames(0.5)) {
    for (std::size_t begin = 0; begin + length <= count; begin += 5) {
      const double share = (value[begin + length] - value[begin]) / static_cast<double>(length);
      const double score = share + 0.05 * (pause(begin) + pause(begin + length - 1)) +
                           0.05 * static_cast<double>(length) / static_cast<double>(most);
      if (score > best) best = score, found = {begin, length};
    }
  }
  return found;
}

void measure(std::span<const float> samples, int rate_hz, Examination& e) {
  const Frames frames = frames_of(samples, rate_hz);
  const double threshold = threshold_db(frames.level_db);
  double power = 0;
  std::size_t spoken = 0;
  for (const double level : frames.level_db) {
    if (level <= threshold) continue;
    power += std::pow(10.0, level / 10);
    ++spoken;
  }
  const auto count = static_cast<double>(std::max<std::size_t>(frames.level_db.size(), 1));
  e.peak_dbfs = 20 * std::log10(std::max<double>(peak_of(samples), kQuietest));
  e.speech_dbfs = db(spoken > 0 ? power / static_cast<double>(spoken) : 0);
  e.noise_dbfs = quantile(frames.level_db, 0.1);
  e.speech_share = static_cast<double>(spoken) / count;
  e.clipped_share = std::accumulate(frames.clipped.begin(), frames.clipped.end(), 0.0) /
                    static_cast<double>(std::max<std::size_t>(samples.size(), 1));
}

void judge_speech(std::span<const float> samples, Examination& e) {
  const double range = e.speech_dbfs - e.noise_dbfs;
  const Pitch pitch = pitch_of(samples, e.rate_hz, e.speech_dbfs - 15);
  e.voiced_share = pitch.voiced_share;
  if (range < kLeastRange_db || e.speech_share < kLeastSpeech || pitch.voiced_share < kLeastVoiced ||
      pitch.spread < kLeastPitchSpread) {
    e.reasons.push_back(
        fmt::format("no speech was found in it ({:.0f} % of it is louder than its background by "
                    "{:.0f} dB, and {:.0f} % of that has a pitch that moves)",
                    100 * e.speech_share, range, pitch.spread < kLeastPitchSpread ? 0.0 : 100 * pitch.voiced_share));
  } else if (range < kTooNoisy_db) {
    e.reasons.push_back(fmt::format("the noise is only {:.0f} dB below the speech", range));
  } else if (range < kNoisy_db) {
    e.advice.push_back(fmt::format("the noise is only {:.0f} dB below the speech: record in a quieter place", range));
  }
  if (e.speech_share < kLittleSpeech && e.usable()) {
    e.advice.push_back(
        fmt::format("only {:.0f} % of it is speech: choose a part with fewer pauses", 100 * e.speech_share));
  }
}

void judge(const Recording& recording, std::span<const float> samples, Examination& e) {
  if (!(e.length_s > kLeastSeconds)) {
    e.reasons.push_back(
        fmt::format("it is {:.1f} s long, and more than 5 s are needed", std::floor(e.length_s * 10) / 10));
    return;
  }
  if (db(recording.channel_power) > kSilent_dbfs - 20) {
    double power = 0;
    for (const float sample : recording.samples) power += static_cast<double>(sample) * sample;
    power /= static_cast<double>(std::max<std::size_t>(recording.samples.size(), 1));
    if (db(power) - db(recording.channel_power) < kCancelled_db) {
      e.reasons.push_back("its channels cancel each other out: one of them is turned around");
      return;
    }
  }
  if (e.peak_dbfs < kSilent_dbfs) {
    e.reasons.push_back(fmt::format("it is silent (its peak is {:.0f} dBFS)", e.peak_dbfs));
    return;
  }
  judge_speech(samples, e);
  if (e.clipped_share > kTooClipped) {
    e.reasons.push_back(fmt::format("{:.1f} % of it is clipped", 100 * e.clipped_share));
  } else if (e.clipped_share > kClipped) {
    e.advice.push_back(fmt::format("{:.2f} % of it is clipped: record with less gain", 100 * e.clipped_share));
  }
  if (e.speech_dbfs < kQuiet_dbfs) {
    e.advice.push_back(fmt::format("it is quiet ({:.0f} dBFS): record with more gain", e.speech_dbfs));
  }
  if (e.length_s < kBestSeconds) {
    e.advice.push_back(fmt::format("it is {:.1f} s long: 10 to 15 s make a better voice", e.length_s));
  }
  if (e.rate_hz < kDullRate_hz) {
    e.advice.push_back(
        fmt::format("its sample rate is {} Hz: the voice will sound dull; record with 24000 Hz or more", e.rate_hz));
  }
}

}  // namespace

const char* Examination::verdict() const {
  if (!usable()) return "unusable";
  return advice.empty() ? "good" : "usable";
}

std::vector<float> stretch_of(const Recording& recording, const Examination& examination) {
  const auto at = [&](double seconds) {
    const auto place = static_cast<std::size_t>(std::llround(seconds * recording.rate_hz));
    return recording.samples.begin() + static_cast<std::ptrdiff_t>(std::min(place, recording.samples.size()));
  };
  return {at(examination.start_s), at(examination.start_s + examination.length_s)};
}

Examination examine(const Recording& recording, bool whole) {
  Examination e;
  e.rate_hz = recording.rate_hz;
  e.channels = recording.channels;
  e.seconds = static_cast<double>(recording.samples.size()) / recording.rate_hz;
  e.length_s = e.seconds;
  if (!whole && e.seconds > kMostSeconds) {
    const Frames frames = frames_of(recording.samples, recording.rate_hz);
    const auto [begin, length] = best_window(frames, threshold_db(frames.level_db));
    const double frame_s = std::floor(kFrame_s * recording.rate_hz) / recording.rate_hz;
    e.start_s = static_cast<double>(begin) * frame_s;
    e.length_s = static_cast<double>(length) * frame_s;
  }
  const std::vector<float> samples = stretch_of(recording, e);
  measure(samples, recording.rate_hz, e);
  judge(recording, samples, e);
  return e;
}

}  // namespace lectern::audio
