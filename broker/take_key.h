// What a take is called: the hash of everything that shaped it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lectern {

// All that shapes a job's sound, apart from the text.
struct SoundSettings {
  std::string model, model_hash, voice, voice_hash, language, precision;
  int revision = 0;  // of the engine
  double speed = 1;
  std::uint64_t seed = 0;
  int sample_rate_hz = 0;  // of the model; in no key
  std::size_t max_segment_chars = 300;
  bool phonemes = false;                       // the model takes phonemes in its text
  std::vector<std::string> tags, silent_tags;  // the model's own, and those that only others speak
  bool join_fragments = false;                 // a few words are not spoken alone
};

// The key under which a take is stored: SHA-256 over everything that shapes it.
std::string take_key(const SoundSettings& sound, std::string_view spoken, std::uint64_t seed);
// The key of a part of that take's text, when the whole could not be spoken.
std::string derived_key(const std::string& take, std::string_view part);
// A segment's seed comes from the job's seed and its text, not from its place.
std::uint64_t segment_seed(std::uint64_t job_seed, std::string_view spoken);

}  // namespace lectern
