// A true-peak limiter that streams: it looks ahead, lowers the gain smoothly before a peak comes, and lets it rise again.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <span>
#include <vector>

namespace lectern::publish {

// Sound below the ceiling passes to the bit. Around a peak, also one between two samples, the gain falls within 5 ms and
// rises again over 80 ms, without a step. Memory is a few thousand samples. One thread.
class Limiter {
 public:
  // `ceiling`: the largest amplitude that may come out. `hand_on` gets what comes out, in order.
  Limiter(int sample_rate_hz, double ceiling, std::function<void(std::span<const float>)> hand_on);

  void write(std::span<const float> samples);
  void finish();  // hands on what is still held: as many samples come out as went in
  double least_gain() const { return least_gain_; }

 private:
  static constexpr int kTaps = 12, kPhases = 4, kReach = kTaps / 2;

  void work_through(std::size_t until);
  double peak_at(std::size_t index) const;
  double wished_gain(std::size_t index, bool quiet);
  double smooth_gain(double wished);

  const double ceiling_;
  const std::function<void(std::span<const float>)> hand_on_;
  const std::size_t ahead_;  // samples
  const double rise_;        // share of the way back to 1 that a sample goes
  std::array<std::array<float, kTaps>, kPhases - 1> between_;  // interpolation a quarter, a half, three quarters on
  std::vector<float> in_;                // kReach samples of the past, then what waits to be looked at
  std::vector<float> held_, out_;        // looked at, gain not yet known; ready
  std::size_t held_from_ = 0;
  double peak_ = 0;  // from the newest sample to the one after it
  double gain_ = 1, least_gain_ = 1;
  // The gain of a sample is the mean of the least gains around it, so that it reaches every peak in time.
  struct Least {
    std::size_t index;
    double gain;
  };
  std::deque<Least> least_;              // ascending gains of the samples ahead
  std::vector<double> window_;           // the last least gains, as a ring
  double sum_ = 0;
  std::size_t looked_at_ = 0, idle_ = 0;  // samples; of them the last ones that need no change
};

}  // namespace lectern::publish
