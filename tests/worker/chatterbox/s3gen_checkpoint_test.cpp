// Strict loading of s3gen_meanflow.safetensors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <limits>

#include "config/fault.h"
#include "tests/parity/synthetic_weights.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/chatterbox/s3gen/s3gen.h"
#include "worker/weights/checkpoint_file.h"

namespace lectern::chatterbox::s3gen {
namespace {

using parity::Manifest;
using parity::SyntheticSource;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Manifest whole_manifest() { return parity::read_manifest(TEST_DATA "/chatterbox/s3gen_meanflow.manifest"); }

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "nothing was refused";
}

// A file of its own in the temporary folder, gone with the object.
struct TemporaryFile {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("lectern-s3gen-" + std::to_string(::getpid()) + ".safetensors");
  ~TemporaryFile() { std::filesystem::remove(path); }
};

TEST(S3GenCheckpoint, TellsEveryTensorThatDoesNotFitInOneError) {
  Manifest manifest = whole_manifest();
  std::erase_if(manifest, [](const auto& entry) {
    return entry.name == "flow.encoder_proj.bias" || entry.name == "mel2wav.ups.1.parametrizations.weight.original0";
  });
  for (auto& entry : manifest) {
    if (entry.name == "flow.input_embedding.weight") entry.shape = {6562, 512};
    if (entry.name == "mel2wav.conv_pre.parametrizations.weight.original1") entry.shape = {512, 80, 5};
    if (entry.name == "mel2wav.conv_post.parametrizations.weight.original0") entry.shape = {17, 1, 1};
    if (entry.name == "flow.encoder.after_norm.weight") entry.type = weights::ElementType::int64;
  }
  manifest.push_back({"flow.decoder.extra.weight", weights::ElementType::float32, {2, 2}});
  const SyntheticSource source(manifest, "cbx0");
  const c10::InferenceMode inference;
  EXPECT_THAT(
      refusal([&] { S3Token2Wav::load(source, {}); }),
      AllOf(HasSubstr("flow.encoder_proj.bias [80]"), HasSubstr("mel2wav.ups.1.weight [256, 128, 11]"),
            HasSubstr("mel2wav.ups.1.parametrizations.weight.original1"),
            HasSubstr("flow.input_embedding.weight: [6562, 512] instead of [6561, 512]"),
            HasSubstr("mel2wav.conv_pre.weight: [512, 80, 5] instead of [512, 80, 7]"),
            HasSubstr("mel2wav.conv_post.weight: [17, 1, 1] instead of [18, 64, 7]"),
            HasSubstr("flow.encoder.after_norm.weight: [512] of whole numbers"), HasSubstr("flow.decoder.extra.weight"),
            Not(HasSubstr("tokenizer.")), Not(HasSubstr("speaker_encoder."))));
}

TEST(S3GenCheckpoint, LeavesTheEnrolmentsTensorsUnread) {
  class Watched : public SyntheticSource {
   public:
    using SyntheticSource::SyntheticSource;
    at::Tensor read(const std::string& name) const override {
      EXPECT_FALSE(belongs_to_enrolment(name)) << name;
      ++reads;
      return SyntheticSource::read(name);
    }
    mutable int reads = 0;
  };
  const Watched source(whole_manifest(), "cbx0");
  const c10::InferenceMode inference;
  ASSERT_NE(S3Token2Wav::load(source, {}), nullptr);
  std::size_t narrating = 0;
  for (const auto& entry : source.manifest()) narrating += !belongs_to_enrolment(entry.name);
  EXPECT_EQ(source.reads, int(narrating));
}

TEST(S3GenCheckpoint, NamesTheFolderThatHasNoCheckpoint) {
  EXPECT_THAT(refusal([] { S3Token2Wav::load(std::filesystem::path("/nowhere"), {}); }),
              HasSubstr("/nowhere/s3gen_meanflow.safetensors"));
}

TEST(S3GenCheckpoint, RefusesWeightsThatAreNotNumbers) {
  at::Tensor bias = at::ones({80}), v = at::ones({512, 80, 7});
  bias[79] = std::numeric_limits<float>::quiet_NaN();
  v[511][79][6] = std::numeric_limits<float>::infinity();
  const SyntheticSource source(
      whole_manifest(), "cbx0",
      {{"flow.encoder_proj.bias", bias}, {"mel2wav.conv_pre.parametrizations.weight.original1", v}});
  const c10::InferenceMode inference;
  EXPECT_THAT(refusal([&] { S3Token2Wav::load(source, {}); }),
              AllOf(HasSubstr("damaged"), HasSubstr("2 with values that are not finite numbers"),
                    HasSubstr("flow.encoder_proj.bias"), HasSubstr("mel2wav.conv_pre.weight")));
}

class StoredAs : public testing::TestWithParam<weights::ElementType> {};

TEST_P(StoredAs, ReadsAndFoldsAFileOfThatType) {
  const Manifest manifest = {{"up.bias", weights::ElementType::float32, {5}},
                             {"up.parametrizations.weight.original0", weights::ElementType::float32, {6, 1, 1}},
                             {"up.parametrizations.weight.original1", weights::ElementType::float32, {6, 5, 3}},
                             {"tokenizer.window", weights::ElementType::float32, {4}}};
  const SyntheticSource source(manifest, "cbx0", {{"tokenizer.window", at::ones({4})}});
  const TemporaryFile file;
  parity::write_synthetic(file.path, source, GetParam());
  const weights::CheckpointFile stored(file.path);
  const auto tensors = narration_tensors(stored);
  weights::State state(*tensors, at::kCPU);
  const ConvTranspose1d up(Place{state / "up"}, 6, 5, {.kernel = 3});
  state.finish();

  const auto type = weights::scalar_type(GetParam());
  const auto as_stored = [&](const char* name) { return source.read(name).to(type).to(at::kDouble); };
  const at::Tensor g = as_stored("up.parametrizations.weight.original0");
  const at::Tensor v = as_stored("up.parametrizations.weight.original1");
  const at::Tensor length = v.square().sum(at::IntArrayRef{1, 2}, /*keepdim=*/true).sqrt();
  EXPECT_LT((up.weight.to(at::kDouble) - v * g / length).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(up.bias.to(at::kDouble).equal(as_stored("up.bias")));
  EXPECT_EQ(up.weight.scalar_type(), at::kFloat);
}

INSTANTIATE_TEST_SUITE_P(Types, StoredAs,
                         testing::Values(weights::ElementType::float32, weights::ElementType::float16,
                                         weights::ElementType::bfloat16),
                         [](const auto& info) { return std::string(weights::element_name(info.param)); });

}  // namespace
}  // namespace lectern::chatterbox::s3gen
