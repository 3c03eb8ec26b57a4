// A script becomes segments with the keys of their takes. Pure: runs on the pool.
#pragma once

#include <string>
#include <vector>

#include "broker/store.h"
#include "config/catalogue.h"

namespace lectern {

// All that shapes a job's sound, apart from the text.
struct SoundSettings {
  std::string model, model_hash, voice, voice_hash, language, precision;
  int revision = 0;  // of the engine
  double speed = 1;
  std::uint64_t seed = 0;
  std::size_t max_segment_chars = 300;
};

struct CutScript {
  std::vector<NewSegment> segments;
  std::string unspoken;             // JSON [[begin, end, reason], ...]
  std::uint64_t characters = 0;     // to be spoken
};

// Throws Fault(bad_input) when the script is not text or nothing in it can be spoken. `name` is the script's, for the
// message; `text_format` is plain or markdown.
CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound);

// The key under which a take is stored: SHA-256 over everything that shapes it.
std::string take_key(const SoundSettings& sound, std::string_view spoken, std::uint64_t seed);
// A segment's seed comes from the job's seed and its text, not from its place.
std::uint64_t segment_seed(std::uint64_t job_seed, std::string_view spoken);

}  // namespace lectern
