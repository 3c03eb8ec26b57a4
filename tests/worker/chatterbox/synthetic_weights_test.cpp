#include "tests/parity/synthetic_weights.h"

#include <gtest/gtest.h>

namespace lectern::parity {
namespace {

at::Tensor tensor(const char* name, weights::Shape shape) { return synthetic_tensor("cbx0", {name, {}, shape}); }

TEST(SyntheticWeights, HashesAndMixesAsRecorded) {
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cu);
  const auto hash = fnv1a64("cbx0:tfmr.h.0.attn.c_attn.weight");
  EXPECT_EQ(hash, 0x517a4cdc7dcb609bu);
  EXPECT_EQ(mix(hash), 0xbfd2c64d2d777128u);
  EXPECT_EQ(mix(hash + 1), 0xc3f7c8c51a169786u);
  EXPECT_EQ(uniform(hash, 0), 0.49861983078420336);
}

TEST(SyntheticWeights, FillsByTheRowThatFitsTheName) {
  const auto attention = tensor("tfmr.h.0.attn.c_attn.weight", {1024, 3072});
  EXPECT_FLOAT_EQ(attention[0][0].item<float>(), 0.0269885901f);
  EXPECT_FLOAT_EQ(attention[0][1].item<float>(), 0.028741179f);
  EXPECT_FLOAT_EQ(attention[1023][3071].item<float>(), 0.0481215827f);
  const auto classifier = tensor("mel2wav.f0_predictor.classifier.weight", {1, 512});
  EXPECT_FLOAT_EQ(classifier[0][0].item<float>(), 7.24707556f);
  EXPECT_FLOAT_EQ(classifier[0][1].item<float>(), -0.947492182f);
  const auto variance = tensor("speaker_encoder.head.bn1.running_var", {32});
  EXPECT_FLOAT_EQ(variance[0].item<float>(), 1.31173933f);
  EXPECT_FLOAT_EQ(variance[2].item<float>(), 0.910183012f);
}

TEST(SyntheticWeights, GivesTheRecordedNoise) {
  const auto noise = filled("noise:s:hift:long:sine_noise", {1, 9, 57601}, 0, std::sqrt(3.0)).flatten();
  EXPECT_FLOAT_EQ(noise[0].item<float>(), -1.44625497f);
  EXPECT_FLOAT_EQ(noise[1].item<float>(), 0.276638955f);
  EXPECT_FLOAT_EQ(noise[57600].item<float>(), -1.02626526f);
}

}  // namespace
}  // namespace lectern::parity
