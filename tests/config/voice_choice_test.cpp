// Which voice a name means: of the catalogue, from a recording, a blend.
#include "config/voice_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/fault.h"
#include "config/file.h"
#include "config/recorded_voice.h"
#include "config/voice_blend.h"
#include "tests/cli/temporary_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

template <typename Act>
std::string refusal(Act&& act) {
  try {
    act();
  } catch (const Fault& fault) {
    return describe(fault);
  }
  return "nothing was refused";
}

class VoiceChoices : public testing::Test {
 protected:
  VoiceChoice choose(const std::string& model, const std::string& wished) {
    const CatalogueModel& entry = catalogue_.model(model);
    InstalledModel installed{model, "here", {}};
    for (const CatalogueFile& file : entry.files)
      if (file.path != lacking_) installed.files.push_back({file.path, file.bytes, "hash of " + file.path});
    return choose_voice(paths_, catalogue_, entry, installed, wished);
  }
  void add_recorded(const std::string& name) {
    fs::create_directories(paths_.voice(name));
    write_recorded_voice(paths_.voice(name), {name, "hash of " + name, name + ".wav", 5, {{"verdict", "good"}}});
  }

  TemporaryFolder home_;
  const Paths paths_ = Paths::locate(home_.path());
  const Catalogue catalogue_ = Catalogue::load(true);
  std::string lacking_;
};

TEST_F(VoiceChoices, AreTheModelsOwnFirst) {
  EXPECT_EQ(choose("kokoro-82m", "").name, "af_heart");
  const VoiceChoice emma = choose("kokoro-82m", "bf_emma");
  EXPECT_EQ(emma.spoken_as, "en-gb");
  EXPECT_EQ(emma.hash, "hash of voices/bf_emma.bin");
  EXPECT_EQ(choose("chatterbox-turbo", "").name, "built-in");
}

TEST_F(VoiceChoices, OfARecordingAreForModelsThatCloneVoices) {
  add_recorded("anna");
  const VoiceChoice anna = choose("chatterbox-nano", "anna");
  EXPECT_EQ(anna.name, "anna");
  EXPECT_EQ(anna.hash, "hash of anna");
  EXPECT_EQ(anna.spoken_as, "en-us");
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "anna"); }),
              AllOf(HasSubstr("'anna' is made from a recording, which model kokoro-82m cannot use"),
                    HasSubstr("chatterbox-turbo or chatterbox-nano")));
  lacking_ = "conds.pt";  // the model's own voice is not needed
  EXPECT_EQ(choose("chatterbox-nano", "anna").name, "anna");
}

TEST_F(VoiceChoices, ThatAreNowhereOrElsewhereAreRefusedWithTheMend) {
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "af_hart"); }), HasSubstr("af_heart"));
  EXPECT_THAT(refusal([&] { choose("chatterbox-nano", "af_heart"); }),
              AllOf(HasSubstr("it is one of kokoro-82m"), HasSubstr("--model kokoro-82m")));
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "jf_alpha"); }), HasSubstr("cannot be used"));
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "../anna"); }), HasSubstr("no voice '../anna'"));
  lacking_ = "conds.pt";
  EXPECT_THAT(refusal([&] { choose("chatterbox-nano", ""); }), HasSubstr("no voice loaded"));
}

TEST_F(VoiceChoices, OfABlendHaveOneNameAndTheLanguageOfTheHeaviest) {
  const VoiceChoice blend = choose("kokoro-82m", "af_heart:3+bm_george:2");
  EXPECT_EQ(blend.name, "af_heart:0.6+bm_george:0.4");
  EXPECT_EQ(blend.spoken_as, "en-us");
  EXPECT_EQ(choose("kokoro-82m", "af_heart:0.60+bm_george:0.40").hash, blend.hash);
  EXPECT_EQ(choose("kokoro-82m", "af_heart+bm_george:2").spoken_as, "en-gb");
  EXPECT_NE(choose("kokoro-82m", "af_heart:3+bm_lewis:2").hash, blend.hash);
}

TEST_F(VoiceChoices, OfABlendThatCannotBeAreRefused) {
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "af_heart+nobody"); }), HasSubstr("no voice 'nobody'"));
  EXPECT_THAT(refusal([&] { choose("kokoro-82m", "af_heart+jf_alpha"); }), HasSubstr("cannot be used"));
  EXPECT_THAT(refusal([&] { choose("chatterbox-nano", "a+b"); }), HasSubstr("does not blend"));
  for (const char* bad : {"af_heart+", "+af_heart", "af_heart:0.5", "af_heart:x+bm_lewis", "af_heart:-1+bm_lewis",
                          "af_heart:+bm_lewis", "af_heart:nan+bm_lewis", "af_heart+af_heart", "a+b+c+d+e+f+g+h+i"})
    EXPECT_THAT(refusal([&] { parse_blend(bad); }), HasSubstr(std::string("voice '") + bad + "'")) << bad;
}

TEST_F(VoiceChoices, MadeFromRecordingsAreListedAndReadBack) {
  EXPECT_TRUE(recorded_voices(paths_).empty());
  add_recorded("zoe");
  add_recorded("anna_2");
  fs::create_directories(paths_.voices() / ".new-17");
  fs::create_directories(paths_.voice("broken"));
  write_file(paths_.voice("broken") / kVoiceRecord, "{}");
  std::vector<Fault> damaged;
  const auto voices = recorded_voices(paths_, &damaged);
  ASSERT_EQ(voices.size(), 2u);
  EXPECT_EQ(voices[0].name, "anna_2");
  EXPECT_EQ(voices[1].source, "zoe.wav");
  EXPECT_EQ(voices[1].examination.at("verdict"), "good");
  ASSERT_EQ(damaged.size(), 1u);
  EXPECT_THAT(damaged[0].what(), HasSubstr("broken/voice.json is damaged"));
  EXPECT_THAT(damaged[0].hint(), HasSubstr("lectern voice remove broken"));
  EXPECT_FALSE(recorded_voice(paths_, "nobody"));
}

TEST(VoiceName, IsMadeOfLettersDigitsAndFewSigns) {
  for (const char* good : {"anna", "Anna-2", "a.b_c", "Zoë", "clip-0123456789ab"}) check_voice_name(good);
  for (const std::string bad : {"", "a/b", "/", "..", ".a", "-a", "a b", "a+b", "a:b", "a\n", "a'b"})
    EXPECT_THAT(refusal([&] { check_voice_name(bad); }), HasSubstr("cannot name a voice")) << bad;
  EXPECT_THAT(refusal([&] { check_voice_name(std::string(65, 'a')); }), HasSubstr("cannot name a voice"));
}

}  // namespace
}  // namespace lectern
