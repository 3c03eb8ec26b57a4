// What is odd about a take's sound is flagged, what is usual is not; numbers say why.
#include "broker/signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lectern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Samples = std::vector<float>;
constexpr int kRate = 24000;

Samples tone(double seconds, double amplitude = 0.2) {
  Samples samples(static_cast<std::size_t>(seconds * kRate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(amplitude * std::sin(0.05 * static_cast<double>(i)));
  return samples;
}
Samples silence(double seconds) { return Samples(static_cast<std::size_t>(seconds * kRate), 0.f); }
Samples operator+(Samples a, const Samples& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
std::vector<std::string> flags(const Samples& samples, std::size_t characters) {
  return signal_flags(measure_signal(samples, kRate), {characters, 0}, 15);
}

TEST(Signal, OfUsualSpeechIsNotFlagged) {
  EXPECT_THAT(flags(silence(0.2) + tone(2) + silence(0.8) + tone(1) + silence(0.4), 50), IsEmpty());
  EXPECT_THAT(flags(tone(0.5), 2), IsEmpty()) << "a short word may take its time";
  EXPECT_THAT(flags(tone(10), 150), IsEmpty());
}

TEST(Signal, OfOddSpeechIsFlaggedByWhatIsOdd) {
  EXPECT_THAT(flags(tone(2, 0.005), 30), ElementsAre("quiet"));
  EXPECT_THAT(flags(tone(2, 0.9), 30), ElementsAre("loud"));
  EXPECT_THAT(flags(tone(1) + silence(3) + tone(1), 70), ElementsAre("silence"));
  EXPECT_THAT(flags(tone(1), 100), ElementsAre("too_short"));
  EXPECT_THAT(flags(tone(15), 50), ElementsAre("too_long"));
  Samples clipped = tone(2);
  for (std::size_t i = 0; i < 100; ++i) clipped[i * 400] = 1;
  EXPECT_THAT(flags(clipped, 30), ElementsAre("clipping"));
  Samples shifted = tone(2);
  for (float& sample : shifted) sample += 0.05f;
  EXPECT_THAT(flags(shifted, 30), ElementsAre("dc"));
}

TEST(Signal, IsMeasuredAndKeptInNotes) {
  const Signal signal = measure_signal(silence(1) + tone(2, 0.2) + silence(0.5) + tone(1, 0.2) + silence(1), kRate);
  EXPECT_NEAR(signal.level_db, 20 * std::log10(0.2 / std::sqrt(2)), 0.3);
  EXPECT_NEAR(signal.peak, 0.2, 1e-3);
  EXPECT_NEAR(signal.silence_s, 0.5, 0.04);
  EXPECT_NEAR(signal.speech_s, 3.5, 0.04);
  const auto kept = signal_of({{"signal", signal_json(signal)}});
  ASSERT_TRUE(kept);
  EXPECT_NEAR(kept->level_db, signal.level_db, 0.06);
  EXPECT_FALSE(signal_of(nlohmann::json::object()));
  EXPECT_FALSE(signal_of(nlohmann::json("odd")));
  EXPECT_EQ(measure_signal({}, kRate).speech_s, 0);
}

TEST(Signal, ATextsLengthLeavesPhonemesOutAndCountsSounds) {
  EXPECT_EQ(spoken_length("[abc](/ˈtʃʌmli/) de").characters, 7u);  // "[abc" and " de"
  EXPECT_EQ(spoken_length("Oh [laugh] no [sigh]").sounds, 2u);
  EXPECT_EQ(spoken_length("Größe").characters, 5u);
  EXPECT_EQ(spoken_length("a [b").characters, 4u);
}

JobTake take(double level_db, double chars_per_second, const std::string& voice = "", double speed = 1) {
  Signal signal;
  signal.level_db = level_db;
  signal.speech_s = 60 / (chars_per_second * speed);
  return {signal, 60, voice, speed};
}

TEST(Outliers, AreThoseFarFromTheOthersOfTheirVoice) {
  std::vector<JobTake> takes;
  for (int i = 0; i < 40; ++i) takes.push_back(take(-22 + 0.1 * (i % 10), 15 + 0.1 * (i % 7)));
  for (int i = 0; i < 40; ++i) takes.push_back(take(-34 + 0.1 * (i % 10), 9 + 0.1 * (i % 7), "other"));
  for (const auto& found : outlier_flags(takes)) EXPECT_THAT(found, IsEmpty()) << "two voices, each even in itself";
  takes[5] = take(-33, 15.2);
  takes[6] = take(-21.8, 7);
  takes[7] = take(-21.8, 15.2, "", 0.5);
  takes[50] = take(-22, 15, "other");
  takes[51].signal.reset();
  const auto found = outlier_flags(takes);
  EXPECT_THAT(found[5], ElementsAre("level_outlier"));
  EXPECT_THAT(found[6], ElementsAre("pace_outlier"));
  EXPECT_THAT(found[7], IsEmpty()) << "slow because it was told to";
  EXPECT_THAT(found[50], ElementsAre("level_outlier", "pace_outlier"));
  EXPECT_THAT(found[51], IsEmpty());
}

TEST(Outliers, OfFewTakesAreNotLookedFor) {
  std::vector<JobTake> takes(11, take(-22, 15));
  takes[0] = take(-40, 5);
  for (const auto& found : outlier_flags(takes)) EXPECT_THAT(found, IsEmpty());
}

TEST(Flags, JoinThoseOfTheEngineOnce) {
  nlohmann::json notes = {{"flagged", {"quiet"}}};
  add_flags(notes, {"quiet", "silence"});
  EXPECT_EQ(notes["flagged"], (nlohmann::json{"quiet", "silence"}));
  nlohmann::json none = nlohmann::json::object();
  add_flags(none, {});
  EXPECT_FALSE(none.contains("flagged"));
}

}  // namespace
}  // namespace lectern
