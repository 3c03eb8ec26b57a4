#include "worker/chatterbox/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

namespace lectern::chatterbox {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr SamplingSettings kPlain{.temperature = 1, .top_k = 0, .top_p = 1, .repetition_penalty = 1};

std::vector<float> processed(std::vector<float> logits, std::vector<std::int64_t> history, SamplingSettings settings) {
  process_logits(logits, history, settings);
  return logits;
}

TEST(Sampling, KeepsAllTiesAtTheBoundaryOfTopK) {
  auto settings = kPlain;
  settings.top_k = 2;
  EXPECT_EQ(processed({3, 2, 2, 1}, {}, settings), (std::vector<float>{3, 2, 2, -kInf}));
}

TEST(Sampling, KeepsTheLikeliestWhateverTopPSays) {
  auto settings = kPlain;
  settings.top_p = 0;
  EXPECT_EQ(processed({1, 5, 3}, {}, settings), (std::vector<float>{-kInf, 5, -kInf}));
}

TEST(Sampling, PenalisesARepeatedIdOnceAndAfterTheFilters) {
  auto settings = kPlain;
  settings.repetition_penalty = 2;
  settings.top_k = 2;
  EXPECT_EQ(processed({4, -1, 3, -2}, {0, 0, 3}, settings), (std::vector<float>{2, -kInf, 3, -kInf}));
  settings.top_k = 0;
  EXPECT_EQ(processed({4, -1, 3, -2}, {0, 1, 1}, settings), (std::vector<float>{2, -2, 3, -2}));
}

TEST(Sampling, DrawsNothingWhenAllIsFiltered) {
  EXPECT_EQ(draw(std::vector<float>{-kInf, -kInf}, [](std::int64_t) { return 1.0f; }), -1);
}

TEST(Sampling, NeverDrawsWhatIsFiltered) {
  const std::vector<float> logits{-kInf, 0, -kInf, 0};
  for (std::int64_t step = 0; step < 100; ++step) EXPECT_EQ(draw(logits, seeded_draws(1, step)) % 2, 1);
}

TEST(Sampling, DrawsWithTheProbabilitiesOfTheLogits) {
  const std::vector<float> logits{std::log(0.6f), std::log(0.3f), std::log(0.1f)};
  int counts[3] = {};
  for (std::int64_t step = 0; step < 20000; ++step) ++counts[draw(logits, seeded_draws(7, step))];
  EXPECT_NEAR(counts[0], 12000, 300);
  EXPECT_NEAR(counts[1], 6000, 300);
  EXPECT_NEAR(counts[2], 2000, 200);
}

TEST(Sampling, GivesOtherDrawsForOtherSeedsStepsAndIds) {
  std::set<float> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::int64_t step = 0; step < 10; ++step) {
      for (std::int64_t id = 0; id < 10; ++id) seen.insert(seeded_draws(seed, step)(id));
    }
  }
  EXPECT_GT(seen.size(), 990u);
  EXPECT_EQ(seeded_draws(5, 6)(7), seeded_draws(5, 6)(7));
  EXPECT_GT(*seen.begin(), 0);
}

}  // namespace
}  // namespace lectern::chatterbox
