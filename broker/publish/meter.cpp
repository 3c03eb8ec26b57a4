#include "broker/publish/meter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/fault.h"

namespace lectern::publish {

namespace {

// No interpolated sample is larger than this many times the largest sample around it.
constexpr double kMostOvershoot = 2.5;

ebur128_state* start(int sample_rate_hz, int mode) {
  ebur128_state* state = ebur128_init(1, static_cast<unsigned long>(sample_rate_hz), mode);
  if (!state) throw Fault(Exit::internal, "cannot measure the loudness of sound at this sample rate");
  return state;
}

double finite(double db) { return std::isfinite(db) ? std::max(db, kSilence_db) : kSilence_db; }

}  // namespace

double to_db(double amplitude) { return amplitude > 0 ? finite(20 * std::log10(amplitude)) : kSilence_db; }
double from_db(double db) { return std::pow(10, db / 20); }

Meter::Meter(int sample_rate_hz, Scope scope)
    : loudness_(start(sample_rate_hz, EBUR128_MODE_HISTOGRAM | EBUR128_MODE_I |
                                          (scope == Scope::all ? EBUR128_MODE_LRA : 0))),
      peak_(scope == Scope::all ? start(sample_rate_hz, EBUR128_MODE_TRUE_PEAK) : nullptr),
      before_(kMargin, 0.f),
      step_length_(std::max(1, sample_rate_hz / 10)) {
  chunk_.reserve(kChunk);
}

void Meter::add(std::span<const float> samples) {
  ebur128_add_frames_float(loudness_.get(), samples.data(), samples.size());
  for (auto rest = samples; !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), static_cast<std::size_t>(step_length_ - step_frames_)));
    for (const float sample : part) step_energy_ += static_cast<double>(sample) * sample;
    step_frames_ += static_cast<std::int64_t>(part.size());
    if (step_frames_ == step_length_) end_step();
    rest = rest.subspan(part.size());
  }
  for (auto rest = samples; peak_ && !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), kChunk - chunk_.size()));
    chunk_.insert(chunk_.end(), part.begin(), part.end());
    if (chunk_.size() == kChunk) look_for_peak();
    rest = rest.subspan(part.size());
  }
}

void Meter::add_silence(std::int64_t frames) {
  static const std::vector<float> zeros(8192, 0.f);
  for (; frames > 0; frames -= static_cast<std::int64_t>(zeros.size()))
    add(std::span(zeros).first(std::min(zeros.size(), static_cast<std::size_t>(frames))));
}

// ebur128 interpolates all that it is given, which is slow, so it is given only what stands near the highest peak so
// far. Around each such stretch stand real samples, then zeros: both too small to make a peak of their own.
void Meter::look_for_peak() {
  static const std::vector<float> zeros(kMargin, 0.f);
  const auto feed = [&](std::span<const float> samples) {
    ebur128_add_frames_float(peak_.get(), samples.data(), samples.size());
  };
  double largest = 0;
  for (const float sample : chunk_) largest = std::max(largest, std::abs(static_cast<double>(sample)));
  if (largest * kMostOvershoot > highest_ && largest > 0) {
    if (!searching_) feed(zeros), feed(before_);
    feed(chunk_);
    searching_ = true;
    double reached = 0;
    ebur128_true_peak(peak_.get(), 0, &reached);
    highest_ = std::max(highest_, reached);
  } else if (searching_) {
    feed(std::span(chunk_).first(std::min(chunk_.size(), kMargin)));
    feed(zeros);
    searching_ = false;
  }
  if (chunk_.size() >= kMargin) before_.assign(chunk_.end() - kMargin, chunk_.end());
  chunk_.clear();
}

void Meter::end_step() {
  energy_ += step_energy_;
  frames_ += step_frames_;
  steps_[static_cast<std::size_t>(steps_done_++) % kSteps] = step_energy_;
  step_energy_ = 0;
  step_frames_ = 0;
  if (steps_done_ < static_cast<std::int64_t>(kSteps)) return;
  const double window = std::accumulate(steps_.begin(), steps_.end(), 0.0);
  if (quietest_ < 0 || window < quietest_) quietest_ = window;
}

Loudness Meter::result() {
  Loudness result;
  double value = 0;
  if (ebur128_loudness_global(loudness_.get(), &value) == EBUR128_SUCCESS) result.integrated_lufs = finite(value);
  const auto frames = static_cast<double>(frames_ + step_frames_);
  if (frames > 0) result.rms_db = to_db(std::sqrt((energy_ + step_energy_) / frames));
  result.noise_floor_db = quietest_ < 0 ? result.rms_db
                                        : to_db(std::sqrt(quietest_ / static_cast<double>(kSteps * step_length_)));
  if (!peak_) return result;
  if (ebur128_loudness_range(loudness_.get(), &value) == EBUR128_SUCCESS && std::isfinite(value))
    result.range_lu = value;
  if (!chunk_.empty()) look_for_peak();
  // The interpolator lags by half of its length: zeros bring out what it still holds.
  static const std::vector<float> zeros(kMargin, 0.f);
  ebur128_add_frames_float(peak_.get(), zeros.data(), zeros.size());
  if (ebur128_true_peak(peak_.get(), 0, &value) == EBUR128_SUCCESS) result.true_peak_db = to_db(value);
  return result;
}

}  // namespace lectern::publish
