#include "worker/audio/examination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worker/audio/voice_sound.h"

namespace lectern::audio {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Examination of(const Samples& samples, int rate = 24000) { return examine(recording(samples, rate), false); }

TEST(Examination, RefusesWhatIsNotLongerThanFiveSeconds) {
  EXPECT_THAT(of(voice(4.9)).reasons, ElementsAre(HasSubstr("4.9 s long, and more than 5 s")));
  EXPECT_THAT(of(voice(5)).reasons, ElementsAre(HasSubstr("5.0 s")));
  EXPECT_TRUE(of(voice(5.1)).usable());
}

TEST(Examination, RefusesSilence) { EXPECT_THAT(of(Samples(12 * 24000)).reasons, ElementsAre(HasSubstr("silent"))); }

TEST(Examination, RefusesTonesAndHissForWantOfSpeech) {
  EXPECT_THAT(of(tone(12)).reasons, ElementsAre(HasSubstr("no speech")));
  EXPECT_THAT(of(hiss(12)).reasons, ElementsAre(HasSubstr("no speech")));
  Samples beeps = tone(12);  // loud and quiet by turns, and yet no voice
  for (std::size_t i = 0; i < beeps.size(); ++i)
    if (i / 6000 % 2 == 0) beeps[i] *= 0.001f;
  EXPECT_THAT(of(beeps).reasons, ElementsAre(HasSubstr("no speech")));
}

TEST(Examination, RefusesChannelsThatCancelEachOther) {
  Recording cancelled = recording(hiss(12, 24000, 0.00001));
  cancelled.channels = 2;
  cancelled.channel_power = 0.01;
  EXPECT_THAT(examine(cancelled, false).reasons, ElementsAre(HasSubstr("cancel each other")));
}

TEST(Examination, RefusesSpeechThatIsClippedAllOver) {
  Samples clipped = voice(12, 24000, 3);
  for (float& sample : clipped) sample = std::clamp(sample, -1.0f, 1.0f);
  EXPECT_THAT(of(clipped).reasons, Contains(HasSubstr("clipped")));
}

TEST(Examination, FindsNothingWrongWithAClearVoice) {
  const Examination e = of(voice(12));
  EXPECT_THAT(e.reasons, IsEmpty());
  EXPECT_THAT(e.advice, IsEmpty());
  EXPECT_STREQ(e.verdict(), "good");
  EXPECT_EQ(e.start_s, 0);
  EXPECT_DOUBLE_EQ(e.length_s, 12);
  EXPECT_GT(e.voiced_share, 0.5);
  EXPECT_LT(e.noise_dbfs, -60);
}

TEST(Examination, AdvisesAgainstNoiseLittleLevelALowRateAndAShortRecording) {
  EXPECT_THAT(of(voice(12, 24000, 0.3, 0.03)).advice, Contains(HasSubstr("quieter place")));
  EXPECT_THAT(of(voice(12, 24000, 0.01, 0.00001)).advice, Contains(HasSubstr("more gain")));
  EXPECT_THAT(of(voice(12, 8000), 8000).advice, Contains(HasSubstr("dull")));
  const Examination brief = of(voice(6));
  EXPECT_THAT(brief.advice, Contains(HasSubstr("10 to 15 s")));
  EXPECT_STREQ(brief.verdict(), "usable");
}

TEST(Examination, ChoosesTheStretchInWhichMostIsSpoken) {
  Samples samples = hiss(20, 24000, 0.0005);
  const Samples spoken = voice(12);
  samples.insert(samples.end(), spoken.begin(), spoken.end());
  const Samples after = hiss(20, 24000, 0.0005);
  samples.insert(samples.end(), after.begin(), after.end());
  const Examination e = of(samples);
  EXPECT_GE(e.start_s, 17);
  EXPECT_LE(e.start_s + e.length_s, 35);
  EXPECT_GE(e.length_s, 10);
  EXPECT_LE(e.length_s, 15);
  EXPECT_TRUE(e.usable());
  EXPECT_EQ(stretch_of(recording(samples), e).size(), static_cast<std::size_t>(std::lround(e.length_s * 24000)));
}

TEST(Examination, AvoidsAClippedStretch) {
  Samples samples = voice(15, 24000, 3), clean = voice(15);
  for (float& sample : samples) sample = std::clamp(sample, -1.0f, 1.0f);
  samples.insert(samples.end(), clean.begin(), clean.end());
  for (float& sample : samples) sample *= 0.99f;
  EXPECT_GE(of(samples).start_s, 14);
}

TEST(Examination, TakesThePartThatWasNamedAsItIs) {
  const Examination e = examine(recording(voice(20)), true);
  EXPECT_EQ(e.start_s, 0);
  EXPECT_DOUBLE_EQ(e.length_s, 20);
}

}  // namespace
}  // namespace lectern::audio
