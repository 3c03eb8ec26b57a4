// What is odd about the sound of takes, whatever model made them: cheap checks of each take when it comes in, and of
// each against the others of its job when that is published. They flag, they reject nothing. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lectern {

struct Signal {
  double level_db = 0;   // dBFS of what is spoken, pauses left out
  double peak = 0;       // largest absolute sample
  double clipped = 0;    // share of samples at full scale
  double dc = 0;         // mean of all samples
  double silence_s = 0;  // longest pause inside
  double speech_s = 0;   // from the first to the last sound
};
// Mono samples, [-1, 1].
Signal measure_signal(std::span<const float> samples, int sample_rate_hz);

// As it stands in a take's notes, under `signal`.
nlohmann::json signal_json(const Signal& signal);
std::optional<Signal> signal_of(const nlohmann::json& notes);

// How long a text is spoken: its characters without phonemes and sounds in brackets, and how many of those sounds.
struct SpokenLength {
  std::size_t characters = 0, sounds = 0;
};
SpokenLength spoken_length(std::string_view text);

// quiet, loud, clipping, dc, silence, too_short, too_long. `chars_per_second`: usual for the model at that speed.
std::vector<std::string> signal_flags(const Signal& signal, const SpokenLength& length, double chars_per_second);

// One take of a job.
struct JobTake {
  std::optional<Signal> signal;
  std::size_t characters = 0;
  std::string voice;
  double speed = 1;
};
// For each take: level_outlier and pace_outlier, when it is far from the median of the job's takes in its voice, in
// units of their median deviation. Few takes tell nothing.
std::vector<std::vector<std::string>> outlier_flags(const std::vector<JobTake>& takes);

// Adds flags to the list under `flagged` in a take's notes, each once.
void add_flags(nlohmann::json& notes, const std::vector<std::string>& flags);

}  // namespace lectern
