// Style tables and blends of them, from files that are made here.
#include "worker/kokoro/voices.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fault.h"
#include "config/file.h"
#include "tests/cli/temporary_folder.h"

namespace lectern::kokoro {
namespace {

using testing::HasSubstr;

class KokoroVoices : public testing::Test {
 protected:
  KokoroVoices() {
    write("af_one", 1);
    write("bm_two", 2);
  }
  void write(const std::string& name, float value) {
    const std::vector<float> table(510 * 256, value);
    write_file(folder_.path() / (name + ".bin"),
               {reinterpret_cast<const char*>(table.data()), table.size() * sizeof(float)});
  }
  float value_of(const std::string& voice) { return voices_.style(voice, 10)[0][17].item<float>(); }
  std::string refusal(const std::string& voice) {
    try {
      voices_.style(voice, 10);
    } catch (const Fault& fault) {
      return describe(fault);
    }
    return "nothing was refused";
  }
  TemporaryFolder folder_;
  Voices voices_{folder_.path(), at::kCPU};
};

TEST_F(KokoroVoices, ThatAreNotThereAreRefusedWithTheCommandThatListsThem) {
  EXPECT_THAT(refusal("nobody"), HasSubstr("lectern voice list"));
  EXPECT_THAT(refusal("../af_one"), HasSubstr("unknown voice"));
  EXPECT_THAT(refusal("af_one+nobody"), HasSubstr("unknown voice 'nobody'"));
  EXPECT_THAT(refusal("af_one+"), HasSubstr("a voice is missing"));
}

TEST_F(KokoroVoices, AreMixedByTheirWeights) {
  EXPECT_FLOAT_EQ(value_of("af_one"), 1);
  EXPECT_FLOAT_EQ(value_of("af_one+bm_two"), 1.5);
  EXPECT_FLOAT_EQ(value_of("af_one:0.25+bm_two:0.75"), 1.75);
  EXPECT_FLOAT_EQ(value_of("af_one:1+bm_two:3"), 1.75);
  EXPECT_FLOAT_EQ(value_of("af_one"), 1) << "a blend changes none of its parts";
}

TEST_F(KokoroVoices, ABlendSpeaksTheLanguageOfWhatCountsMost) {
  EXPECT_EQ(language_of("af_one:0.6+bm_two:0.4"), "en-us");
  EXPECT_EQ(language_of("af_one:0.4+bm_two:0.6"), "en-gb");
}

}  // namespace
}  // namespace lectern::kokoro
