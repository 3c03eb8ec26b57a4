#include "worker/audio/loudness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace lectern::audio {
namespace {

constexpr int kRate = 24000;

std::vector<float> tone(double seconds, double amplitude, double hertz = 997) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * kRate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hertz * double(i) / kRate));
  return samples;
}

TEST(Loudness, OfSilenceAndOfWhatIsShorterThanABlockIsUnknown) {
  EXPECT_FALSE(integrated_loudness(std::vector<float>(kRate), kRate));
  EXPECT_FALSE(integrated_loudness(tone(0.39, 0.5), kRate));
  EXPECT_FALSE(integrated_loudness({}, kRate));
  EXPECT_EQ(gain_to(-27, std::vector<float>(kRate), kRate), 1);
}

TEST(Loudness, OfAToneFollowsItsLevel) {
  const double loud = integrated_loudness(tone(2, 0.5), kRate).value();
  EXPECT_NEAR(loud, -9.0, 0.5);  // a sine at -6 dBFS
  EXPECT_NEAR(integrated_loudness(tone(2, 0.05), kRate).value(), loud - 20, 0.01);
}

TEST(Loudness, DoesNotCountPauses) {
  std::vector<float> samples = tone(3, 0.25);
  const double spoken = integrated_loudness(samples, kRate).value();
  samples.resize(samples.size() + 6 * kRate, 0.0f);
  EXPECT_NEAR(integrated_loudness(samples, kRate).value(), spoken, 0.3);
}

TEST(Loudness, GainBringsSamplesToTheTarget) {
  std::vector<float> samples = tone(2, 0.02);
  const double gain = gain_to(-27, samples, kRate);
  for (float& sample : samples) sample = static_cast<float>(sample * gain);
  EXPECT_NEAR(integrated_loudness(samples, kRate).value(), -27, 1e-4);
}

}  // namespace
}  // namespace lectern::audio
