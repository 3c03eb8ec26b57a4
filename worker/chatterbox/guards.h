// Whether a take is worth keeping: what goes wrong with an autoregressive model (it babbles, repeats itself, trails
// off, is cut off) shows in its tokens and samples. Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lectern::chatterbox {

inline constexpr double kTokensPerSecond = 25;
// 30 s: more than any segment needs.
inline constexpr std::int64_t kMostSpeechTokens = 750;

// How fast a voice speaks.
struct Pace {
  double tokens_per_character = kTokensPerSecond / 15;
  bool learned = false;  // from the voice itself; false: what is usual
};

// What of a text decides how long it is spoken.
struct TextLength {
  std::size_t characters = 0;  // code points, tags aside
  std::size_t tags = 0;        // "[laugh]": takes as long as it takes
};
TextLength length_of(std::string_view text, std::span<const std::string> tags);

// The number of speech tokens that a text may become.
struct Band {
  std::int64_t least = 0, most = 0;
  std::int64_t cap() const;  // where decoding ends without a stop token
};
Band band_of(const TextLength& text, const Pace& pace);

// One question asked of a take. `value` beyond `limit`, in the guard's direction, fails it.
struct Verdict {
  const char* guard;
  double value = 0, limit = 0;
  bool passed = true;
};

// too_short, too_long: tokens outside the band. no_stop: ended by the cap. run: the same token again and again.
// repetition: the same few tokens, or the same second, again. `tokens`: as drawn, without the stop token.
std::vector<Verdict> judge_tokens(std::span<const std::int64_t> tokens, bool stopped, const Band& band);

// quiet, loud: level of what is spoken, dBFS. clipping: share of samples at the limit. silence: seconds of the longest
// pause inside. noise: seconds of hum or hiss behind the last speech. Mono samples, [-1, 1].
std::vector<Verdict> judge_samples(std::span<const float> samples, int sample_rate_hz);

bool all_passed(std::span<const Verdict> verdicts);
// 0: nothing failed; more is worse: each failure counts 1 and up to 1 more by how far beyond its limit it is.
double badness(std::span<const Verdict> verdicts);

}  // namespace lectern::chatterbox
