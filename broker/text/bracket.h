// One mark in brackets, read: "[pause: 1.5s]".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lectern::text {

struct Bracket {
  enum class Kind { voice, pause, speed, skip, end_skip } kind = Kind::voice;
  std::size_t size = 0;      // with both brackets
  std::u32string_view name;  // of a voice
  double value = 0;          // seconds of a pause, factor of a speed
  std::string wrong, mend;   // not empty: it is a mark, and says nothing sensible
};

// The mark at the beginning of a text; nothing: ordinary text. It ends on its line.
std::optional<Bracket> bracket_at(std::u32string_view text);

// "1.5s", "500 ms", "2min" in seconds; nothing: no duration.
std::optional<double> duration_of(std::u32string_view words);
// "0.9", "90%", "normal" as a factor; nothing: no number.
std::optional<double> factor_of(std::u32string_view words);

constexpr double kLongestPause = 600, kSlowest = 0.5, kFastest = 2.0;  // seconds; times the job's speed

}  // namespace lectern::text
