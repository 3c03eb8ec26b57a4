// How loud sound is, measured as it streams by: EBU R128 (libebur128), and RMS and noise floor as ACX measures them.
#pragma once

#include <ebur128.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lectern::publish {

inline constexpr double kSilence_db = -120;  // what is quieter, or could not be measured, is told as this

struct Loudness {
  double integrated_lufs = kSilence_db;  // gated; kSilence_db below 400 ms of sound
  double range_lu = 0;
  double true_peak_db = kSilence_db;    // of the signal between the samples too
  double rms_db = kSilence_db;          // of everything, pauses too
  double noise_floor_db = kSilence_db;  // RMS of the quietest half second
};

double to_db(double amplitude);  // never below kSilence_db
double from_db(double db);

// Mono samples in, figures out. Memory does not grow with what is measured. One thread.
class Meter {
 public:
  enum class Scope { loudness, all };  // integrated loudness and RMS; or all figures, which costs more
  Meter(int sample_rate_hz, Scope scope);

  void add(std::span<const float> samples);
  void add_silence(std::int64_t frames);
  Loudness result();

 private:
  struct Destroy {
    void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
  };
  using State = std::unique_ptr<ebur128_state, Destroy>;
  static constexpr std::size_t kChunk = 256, kMargin = 32, kSteps = 5;

  void look_for_peak();
  void end_step();

  State loudness_, peak_;
  // The search for the true peak: chunks so quiet that they cannot hold it are passed over.
  std::vector<float> chunk_, before_;
  double highest_ = 0;
  bool searching_ = false;
  // RMS and noise floor.
  double energy_ = 0, step_energy_ = 0, quietest_ = -1;
  std::int64_t frames_ = 0, step_frames_ = 0;
  std::int64_t step_length_;                // frames of 100 ms
  std::array<double, kSteps> steps_{};      // energies of the last half second
  std::int64_t steps_done_ = 0;
};

}  // namespace lectern::publish
