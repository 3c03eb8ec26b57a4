// Making a voice: the full-size networks on synthetic weights against stages recorded from the reference, strict
// loading, and recordings that are too short.
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "config/fault.h"
#include "tests/parity/chatterbox_enrolment.h"
#include "tests/parity/synthetic_checkpoints.h"
#include "worker/chatterbox/s3gen/checkpoint.h"

namespace lectern::chatterbox::enrolment {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Enroller& synthetic_enroller() {
  static const auto networks = [] {
    const c10::InferenceMode inference;
    return parity::load_enroller("synthetic", "cbx0");
  }();
  return *networks;
}

template <typename Act>
std::string refusal(Act&& act) {
  try {
    act();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "nothing was refused";
}

class EnrolmentParity : public testing::TestWithParam<const char*> {};

TEST_P(EnrolmentParity, EveryStageIsTheReferencesWithinTenTimesItsFloat32Error) {
  const c10::InferenceMode inference;
  const parity::Golden golden(std::string(TEST_DATA "/chatterbox/") + GetParam() + ".safetensors");
  ASSERT_TRUE(parity::is_enrolment_stage(golden));
  parity::Report report;
  parity::compare_enrolment(synthetic_enroller(), golden, report);
  EXPECT_FALSE(report.failed());
}

INSTANTIATE_TEST_SUITE_P(Stages, EnrolmentParity,
                         testing::Values("audio", "mel24k", "ve", "campplus", "s3tokenizer", "conditionals"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Enrolment, TellsEveryTensorThatDoesNotFitInOneError) {
  parity::Manifest manifest = parity::synthetic_s3gen_checkpoint("cbx0").manifest();
  std::erase_if(manifest, [](const auto& entry) {
    return !s3gen::belongs_to_enrolment(entry.name) || entry.name == "tokenizer.encoder.blocks.3.attn.key.weight" ||
           entry.name.ends_with(".num_batches_tracked");
  });
  for (auto& entry : manifest)
    if (entry.name == "speaker_encoder.xvector.dense.linear.weight") entry.shape = {192, 512, 1};
  manifest.push_back({"tokenizer.encoder.blocks.0.attn.key.bias", weights::ElementType::float32, {1280}});
  manifest.push_back({"flow.not.asked.for", weights::ElementType::float32, {1}});
  const parity::SyntheticSource source(manifest, "cbx0"), ve = parity::synthetic_ve_checkpoint("cbx0");
  const c10::InferenceMode inference;
  EXPECT_THAT(refusal([&] { Enroller::load(source, ve); }),
              AllOf(HasSubstr("tokenizer.encoder.blocks.3.attn.key.weight [1280, 1280]"),
                    HasSubstr("speaker_encoder.xvector.dense.linear.weight: [192, 512, 1] instead of [192, 1024, 1]"),
                    HasSubstr("tokenizer.encoder.blocks.0.attn.key.bias"), Not(HasSubstr("flow.")),
                    Not(HasSubstr("num_batches_tracked"))));
}

TEST(Enrolment, RefusesWeightsThatAreNotNumbersAndNamesTheTensor) {
  const auto s3gen = parity::synthetic_s3gen_checkpoint("cbx0");
  at::Tensor broken = at::zeros({256, 256});
  broken[7][9] = std::numeric_limits<float>::quiet_NaN();
  const parity::SyntheticSource ve(parity::synthetic_ve_checkpoint("cbx0").manifest(), "cbx0",
                                   {{"proj.weight", broken}});
  const c10::InferenceMode inference;
  EXPECT_THAT(refusal([&] { Enroller::load(s3gen, ve); }),
              AllOf(HasSubstr("damaged"), HasSubstr("not finite numbers:\n    proj.weight")));
}

TEST(Enrolment, NamesTheFileThatIsMissing) {
  EXPECT_THAT(refusal([] { Enroller::load("/nowhere"); }), HasSubstr("/nowhere/ve.safetensors"));
}

TEST(Enrolment, RefusesARecordingThatIsNotLongerThanFiveSeconds) {
  const c10::InferenceMode inference;
  const std::vector<float> samples(5 * 24000, 0.1f);
  EXPECT_THAT(refusal([&] { synthetic_enroller().prepare_conditionals(samples); }), HasSubstr("longer than 5 s"));
}

TEST(Enrolment, MakesAVoiceThatNarrationTakesFromTheShortestAndTheLongestRecording) {
  const c10::InferenceMode inference;
  for (const std::size_t samples : {5 * 24000 + 1, 18 * 24000}) {
    std::vector<float> noise(samples);
    for (std::size_t i = 0; i < samples; ++i)
      noise[i] = static_cast<float>(0.1 * parity::uniform(7, i) * (i % 12000 < 9000 ? 1 : 0.01));
    const Conditionals conds = synthetic_enroller().prepare_conditionals(noise);
    const int64_t tokens = conds.gen.prompt_token.size(1), frames = conds.gen.prompt_feat.size(1);
    EXPECT_LE(tokens, 250);
    EXPECT_LE(conds.t3.cond_prompt_speech_tokens.size(1), 375);
    EXPECT_TRUE(frames == 2 * tokens || frames == 2 * tokens + 1) << frames << " for " << tokens;
    EXPECT_NEAR(conds.t3.speaker_emb.norm().item<double>(), 1, 1e-5);
  }
}

}  // namespace
}  // namespace lectern::chatterbox::enrolment
