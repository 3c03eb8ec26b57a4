#include "worker/chatterbox/guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace lectern::chatterbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<std::int64_t>;
using Samples = std::vector<float>;

constexpr int kRate = 24000;

std::vector<std::string> failures(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> names;
  for (const Verdict& verdict : verdicts)
    if (!verdict.passed) names.push_back(verdict.guard);
  return names;
}

// Tokens that do not repeat themselves.
Tokens speech(std::int64_t count, std::int64_t from = 0) {
  Tokens tokens;
  for (std::int64_t i = 0; i < count; ++i) tokens.push_back((from + i) * 2654435761 % 6561);
  return tokens;
}

Tokens joined(std::initializer_list<Tokens> parts) {
  Tokens all;
  for (const Tokens& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

struct TokenCase {
  const char* name;
  Tokens tokens;
  bool stopped;
  std::vector<std::string> failed;
};

TEST(TokenGuards, TellWhatIsWrongAndPassWhatIsNot) {
  const Band band{.least = 40, .most = 200};
  const TokenCase cases[] = {
      {"usual speech", speech(100), true, {}},
      {"the shortest and the longest", speech(40), true, {}},
      {"nothing at all", {}, true, {"too_short"}},
      {"cut off", speech(39), true, {"too_short"}},
      {"babble", speech(201), true, {"too_long"}},
      {"no stop token at the cap", speech(225), false, {"too_long", "no_stop"}},
      {"a held vowel", joined({speech(50), Tokens(8, 77), speech(50, 60)}), true, {}},
      {"a stuck token", joined({speech(50), Tokens(13, 77), speech(50, 60)}), true, {"run"}},
      {"a second of silence", joined({speech(50), Tokens(25, 4299), speech(50, 60)}), true, {}},
      {"two seconds of silence", joined({speech(50), Tokens(50, 4299), speech(50, 60)}), true, {"run"}},
      {"a word said twice", joined({speech(40), speech(8, 500), speech(8, 500), speech(40, 60)}), true, {}},
      {"two tokens in turn",
       joined({speech(50), {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, speech(50, 60)}),
       true,
       {"repetition"}},
      {"the same second again",
       joined({speech(40), speech(25, 500), speech(25, 500), speech(40, 60)}),
       true,
       {"repetition"}},
  };
  for (const TokenCase& c : cases) {
    EXPECT_EQ(failures(judge_tokens(c.tokens, c.stopped, band)), c.failed) << c.name;
  }
}

TEST(TokenGuards, ExpectMoreOfALongTextAndOfASlowVoice) {
  const std::vector<std::string> tags = {"[laugh]", "[clear throat]"};
  const auto band = [&](const char* text, double pace = kTokensPerSecond / 15) {
    return band_of(length_of(text, tags), {pace, true});
  };
  EXPECT_EQ(length_of("Ja, größer [laugh][clear throat]!", tags).characters, 12u);
  EXPECT_EQ(length_of("Ja, größer [laugh][clear throat]!", tags).tags, 2u);
  const std::string sentence = "The old lighthouse keeper climbed the winding stairs, counting every step.";
  const Band usual = band(sentence.c_str());
  EXPECT_LT(usual.least, 123);  // 4.9 s
  EXPECT_GT(usual.least, 123 / 3);
  EXPECT_GT(usual.most, 123 * 3 / 2);
  EXPECT_LT(usual.most, 123 * 3);
  EXPECT_GT(usual.cap(), usual.most);
  EXPECT_GT(band((sentence + sentence).c_str()).least, usual.least);
  EXPECT_GT(band(sentence.c_str(), 3).most, usual.most);
  EXPECT_EQ(band("No.").least, 0);
  EXPECT_GT(band("No. [laugh]").most, band("No.").most + 50);
  EXPECT_EQ(band(std::string(5000, 'a').c_str()).cap(), kMostSpeechTokens);
}

Samples tone(double seconds, double amplitude, double hz = 200) {
  Samples samples;
  for (int i = 0; i < static_cast<int>(seconds * kRate); ++i)
    samples.push_back(static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hz * i / kRate)));
  return samples;
}

Samples noise(double seconds, double amplitude) {
  Samples samples;
  std::uint32_t state = 1;
  for (int i = 0; i < static_cast<int>(seconds * kRate); ++i) {
    state = state * 1664525u + 1013904223u;
    samples.push_back(static_cast<float>(amplitude * (state / 2147483648.0 - 1)));
  }
  return samples;
}

Samples silence(double seconds) { return Samples(static_cast<std::size_t>(seconds * kRate)); }

Samples joined(std::initializer_list<Samples> parts) {
  Samples all;
  for (const Samples& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

struct SampleCase {
  const char* name;
  Samples samples;
  std::vector<std::string> failed;
};

TEST(SampleGuards, TellWhatIsWrongAndPassWhatIsNot) {
  const Samples voice = tone(2, 0.2);
  Samples clipped = tone(2, 0.2);
  for (std::size_t i = 0; i < 100; ++i) clipped[i * 7] = 0.99f;
  const SampleCase cases[] = {
      {"usual speech", joined({silence(0.2), voice, silence(0.3)}), {}},
      {"nothing", {}, {"quiet"}},
      {"silence", silence(3), {"quiet"}},
      {"a whisper", tone(2, 0.005), {"quiet"}},
      {"a shout", tone(2, 0.7), {"loud"}},
      {"clipped", clipped, {"clipping"}},
      {"a pause", joined({voice, silence(1.8), voice}), {}},
      {"a hole", joined({voice, silence(2.2), voice}), {"silence"}},
      {"silence at both ends, which is trimmed", joined({silence(4), voice, silence(4)}), {}},
      {"a hissed end", joined({voice, noise(0.4, 0.1)}), {}},
      {"hiss behind the end", joined({voice, noise(1.5, 0.1), silence(0.2)}), {"noise"}},
      {"hum behind the end", joined({voice, tone(1.5, 0.008, 100)}), {"noise"}},
      {"hiss in the middle", joined({voice, noise(1.5, 0.1), voice}), {}},
  };
  for (const SampleCase& c : cases) {
    EXPECT_EQ(failures(judge_samples(c.samples, kRate)), c.failed) << c.name;
  }
}

TEST(Badness, CountsFailuresAndHowFarTheyGo) {
  const Band band{.least = 40, .most = 200};
  EXPECT_EQ(badness(judge_tokens(speech(100), true, band)), 0);
  const double slightly = badness(judge_tokens(speech(201), true, band));
  const double much = badness(judge_tokens(speech(390), true, band));
  const double twice = badness(judge_tokens(speech(201), false, band));
  EXPECT_LT(slightly, much);
  EXPECT_LE(much, 2);
  EXPECT_GE(twice, 2);
}

}  // namespace
}  // namespace lectern::chatterbox
