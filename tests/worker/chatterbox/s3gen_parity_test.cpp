// The full-size network on synthetic weights against stages recorded from the reference.
#include <gtest/gtest.h>

#include "tests/worker/chatterbox/s3gen_model.h"

namespace lectern {
namespace {

class S3GenParity : public testing::TestWithParam<const char*> {};

TEST_P(S3GenParity, EveryStageIsTheReferencesWithinTenTimesItsFloat32Error) {
  const c10::InferenceMode inference;
  const parity::Golden golden(std::string(TEST_DATA "/chatterbox/") + GetParam() + ".safetensors");
  ASSERT_TRUE(parity::is_s3gen_stage(golden));
  parity::Report report;
  parity::compare_s3gen(synthetic_s3gen(), golden, report);
  EXPECT_FALSE(report.failed());
}

INSTANTIATE_TEST_SUITE_P(Stages, S3GenParity, testing::Values("flow", "hift", "s3gen_end_to_end"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace lectern
