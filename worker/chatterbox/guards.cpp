#include "worker/chatterbox/guards.h"

#include <algorithm>
#include <cmath>

namespace lectern::chatterbox {

namespace {

// Tokens.
constexpr double kSlowest = 2.0, kFastest = 0.5;  // of the pace
constexpr double kSpare = 25;                     // tokens of silence around a text of any length
constexpr double kTag = 75;                       // tokens that a tag may take
constexpr std::int64_t kBeyond = 25;              // tokens beyond the band before decoding is ended
constexpr std::int64_t kSilenceToken = 4299;
constexpr std::int64_t kLongestRun = 12, kLongestSilentRun = 40;
constexpr std::size_t kShortestRepetition = 12, kLongestPeriod = 60;

// Samples.
constexpr double kFrame_s = 0.02;
constexpr double kQuietest_dB = -42, kLoudest_dB = -8;
constexpr float kClipped = 0.985f;  // the vocoder clamps at 0.99
constexpr double kMostClipped = 0.001;
constexpr double kLongestSilence_s = 2.0, kLongestNoise_s = 0.8;
constexpr double kSilent_dB = -60;  // whatever the voice's level is
constexpr double kAudible_dB = 42;  // below the speech's level: silence
constexpr double kSpeech_dB = 22;   // below the speech's level: no speech any more
constexpr double kHiss = 0.35;      // crossings of zero a sample
constexpr double kActive_dB = 25;   // below the loudest frames: not counted in the level

Verdict at_most(const char* guard, double value, double limit) { return {guard, value, limit, value <= limit}; }
Verdict at_least(const char* guard, double value, double limit) { return {guard, value, limit, value >= limit}; }

struct Frame {
  double level_dB, crossings;
};

double decibel(double power) { return 10 * std::log10(std::max(power, 1e-12)); }

std::vector<Frame> frames_of(std::span<const float> samples, int rate_hz) {
  const auto size = static_cast<std::size_t>(kFrame_s * rate_hz);
  std::vector<Frame> frames;
  for (std::size_t begin = 0; begin + size <= samples.size(); begin += size) {
    double power = 0, crossings = 0;
    for (std::size_t i = begin; i < begin + size; ++i) {
      power += static_cast<double>(samples[i]) * samples[i];
      crossings += i > begin && (samples[i] < 0) != (samples[i - 1] < 0);
    }
    frames.push_back({decibel(power / static_cast<double>(size)), crossings / static_cast<double>(size)});
  }
  return frames;
}

// The level of the frames that are spoken: those near the loudest twentieth.
double speech_level(const std::vector<Frame>& frames) {
  if (frames.empty()) return kSilent_dB * 2;
  std::vector<double> levels;
  for (const Frame& frame : frames) levels.push_back(frame.level_dB);
  std::sort(levels.begin(), levels.end());
  const double loud = levels[levels.size() - 1 - levels.size() / 20];
  double power = 0, count = 0;
  for (const double level : levels) {
    if (level < loud - kActive_dB) continue;
    power += std::pow(10, level / 10);
    ++count;
  }
  return decibel(power / count);
}

// The longest stretch in which every token is the same as `period` tokens before.
std::size_t longest_echo(std::span<const std::int64_t> tokens, std::size_t period) {
  std::size_t longest = 0, length = 0;
  for (std::size_t i = period; i < tokens.size(); ++i) {
    length = tokens[i] == tokens[i - period] ? length + 1 : 0;
    longest = std::max(longest, length);
  }
  return longest;
}

// The longest run of one token; silence may last longer, and counts in proportion.
double longest_run(std::span<const std::int64_t> tokens) {
  double longest = 0, length = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    length = i > 0 && tokens[i] == tokens[i - 1] ? length + 1 : 1;
    const double scale = tokens[i] == kSilenceToken ? double(kLongestRun) / kLongestSilentRun : 1;
    longest = std::max(longest, length * scale);
  }
  return longest;
}

// How many times the shortest echo that counts; beyond 1 it is one. A period's echo counts when it is as long as the
// period and at least half a second: sampled speech does not say the same tokens twice.
double worst_repetition(std::span<const std::int64_t> tokens) {
  double worst = 0;
  for (std::size_t period = 2; period <= std::min(kLongestPeriod, tokens.size() / 2); ++period) {
    const std::size_t echo = longest_echo(tokens, period);
    const bool one_token = echo > 0 && longest_echo(tokens, 1) >= echo;  // which `run` tells
    if (!one_token) worst = std::max(worst, double(echo) / double(std::max(period, kShortestRepetition)));
  }
  return worst;
}

}  // namespace

TextLength length_of(std::string_view text, std::span<const std::string> tags) {
  TextLength length;
  for (std::size_t i = 0; i < text.size();) {
    const auto tag = std::find_if(tags.begin(), tags.end(),
                                  [&](const std::string& t) { return text.substr(i, t.size()) == t && !t.empty(); });
    if (tag != tags.end()) {
      ++length.tags;
      i += tag->size();
    } else {
      length.characters += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
      ++i;
    }
  }
  return length;
}

std::int64_t Band::cap() const { return std::min(kMostSpeechTokens, most + kBeyond); }

Band band_of(const TextLength& text, const Pace& pace) {
  const double usual = pace.tokens_per_character * static_cast<double>(text.characters);
  const double longest = kSlowest * usual + kSpare + kTag * static_cast<double>(text.tags);
  return {.least = static_cast<std::int64_t>(std::max(0.0, std::floor(kFastest * usual - kSpare / 4))),
          .most = std::min(kMostSpeechTokens - kBeyond, static_cast<std::int64_t>(std::ceil(longest)))};
}

std::vector<Verdict> judge_tokens(std::span<const std::int64_t> tokens, bool stopped, const Band& band) {
  const auto count = static_cast<double>(tokens.size());
  return {at_least("too_short", count, static_cast<double>(std::max<std::int64_t>(1, band.least))),
          at_most("too_long", count, static_cast<double>(band.most)), at_most("no_stop", stopped ? 0 : 1, 0),
          at_most("run", longest_run(tokens), kLongestRun), at_most("repetition", worst_repetition(tokens), 0.999)};
}

std::vector<Verdict> judge_samples(std::span<const float> samples, int sample_rate_hz) {
  const std::vector<Frame> frames = frames_of(samples, sample_rate_hz);
  const double level = speech_level(frames), silent = std::max(kSilent_dB, level - kAudible_dB);
  const auto clipped = std::count_if(samples.begin(), samples.end(), [](float s) { return std::abs(s) >= kClipped; });

  double silence = 0, longest_silence = 0, noise = 0;
  bool begun = false;
  for (const Frame& frame : frames) {
    const bool audible = frame.level_dB > silent;
    const bool speech = frame.level_dB > level - kSpeech_dB && frame.crossings < kHiss;
    // A pause counts once something is heard behind it; noise counts until speech is heard again.
    if (audible) longest_silence = std::max(longest_silence, begun ? silence : 0);
    silence = audible ? 0 : silence + kFrame_s;
    begun = begun || audible;
    if (speech)
      noise = 0;
    else if (audible && begun)
      noise += kFrame_s;
  }
  return {at_least("quiet", level, kQuietest_dB), at_most("loud", level, kLoudest_dB),
          at_most("clipping", samples.empty() ? 0 : double(clipped) / double(samples.size()), kMostClipped),
          at_most("silence", longest_silence, kLongestSilence_s), at_most("noise", noise, kLongestNoise_s)};
}

bool all_passed(std::span<const Verdict> verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return verdict.passed; });
}

double badness(std::span<const Verdict> verdicts) {
  double sum = 0;
  for (const Verdict& verdict : verdicts) {
    if (verdict.passed) continue;
    const double beyond = std::abs(verdict.value - verdict.limit) / std::max(1.0, std::abs(verdict.limit));
    sum += 1 + std::min(1.0, beyond);
  }
  return sum;
}

}  // namespace lectern::chatterbox
