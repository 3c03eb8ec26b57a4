#include "worker/audio/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace lectern::audio {
namespace {

TEST(Resample, OfNothingIsNothingAndTheSameRateIsACopy) {
  EXPECT_TRUE(resampled({}, 44100, 24000).empty());
  const std::vector<float> samples = {0.1f, -0.2f, 0.3f};
  EXPECT_EQ(resampled(samples, 24000, 24000), samples);
}

TEST(Resample, GivesEveryStartedSample) {
  EXPECT_EQ(resampled(std::vector<float>(44101), 44100, 24000).size(), 24001u);
  EXPECT_EQ(resampled(std::vector<float>(1), 48000, 8000).size(), 1u);
}

TEST(Resample, KeepsAToneAndDropsWhatTheNewRateCannotHold) {
  const auto tone = [](int rate, double hertz) {
    std::vector<float> samples(static_cast<std::size_t>(rate));
    for (std::size_t i = 0; i < samples.size(); ++i)
      samples[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * double(i) / rate));
    return samples;
  };
  const auto kept = resampled(tone(48000, 1000), 48000, 16000), wanted = tone(16000, 1000);
  const auto dropped = resampled(tone(48000, 12000), 48000, 16000);
  for (std::size_t i = 1000; i < 15000; ++i) {
    ASSERT_NEAR(kept[i], wanted[i], 1e-4) << i;
    ASSERT_NEAR(dropped[i], 0, 1e-4) << i;
  }
}

}  // namespace
}  // namespace lectern::audio
