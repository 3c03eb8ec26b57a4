// The parts of S3Gen that have a second way of being computed.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/parity/synthetic_weights.h"
#include "worker/chatterbox/s3gen/embedding.h"
#include "worker/chatterbox/s3gen/multi_head.h"
#include "worker/chatterbox/s3gen/noise.h"
#include "worker/chatterbox/s3gen/snake.h"
#include "worker/chatterbox/s3gen/spectrum.h"

namespace lectern::chatterbox::s3gen {
namespace {

at::Tensor normal(std::uint64_t seed, std::vector<int64_t> shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return normal_noise(seed, Draw::flow_state, count, at::kCPU).view(shape);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sizes() == b.sizes() ? (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>() : 1e9;
}

Linear random_linear(int64_t in, int64_t out) { return {normal(9, {out, in}) / std::sqrt(double(in)), at::Tensor()}; }

TEST(Attend, MatchesTheDefinitionInFloat64) {
  const c10::InferenceMode inference;
  for (const int64_t length : {1, 2, 255, 256, 257, 600}) {
    const Heads heads{normal(1, {1, 3, length, 64}) / 8, normal(2, {1, 3, length, 64}), normal(3, {1, 3, length, 64})};
    const PositionTerm position{normal(4, {1, 3, length, 64}) / 8, normal(5, {3, 2 * length - 1, 64})};
    at::Tensor scores = at::matmul(heads.q.to(at::kDouble), heads.k.to(at::kDouble).transpose(2, 3));
    const at::Tensor rows = at::arange(length).unsqueeze(1), columns = at::arange(length).unsqueeze(0);
    const at::Tensor which = (length - 1 - rows + columns).view({1, 1, length, length}).expand({1, 3, -1, -1});
    const at::Tensor all = at::matmul(position.q.to(at::kDouble), position.positions.to(at::kDouble).transpose(1, 2));
    scores = scores + all.gather(3, which);
    const at::Tensor wanted = at::matmul(at::softmax(scores, -1), heads.v.to(at::kDouble)).transpose(1, 2).flatten(2);
    EXPECT_LT(largest_difference(attend(heads, position, {}), wanted), 2e-5) << length;
  }
}

TEST(Attend, HidesTheKeysOfShorterRows) {
  const c10::InferenceMode inference;
  const Heads heads{normal(1, {2, 3, 90, 64}) / 8, normal(2, {2, 3, 90, 64}), normal(3, {2, 3, 90, 64})};
  const PositionTerm position{normal(4, {2, 3, 90, 64}) / 8, normal(5, {3, 179, 64})};
  const at::Tensor both = attend(heads, position, padding_mask({90, 70}, 90, heads.q.options()));
  const auto row = [](const at::Tensor& x, int64_t i, int64_t length) {
    return x.slice(0, i, i + 1).slice(2, 0, length);
  };
  const at::Tensor first = attend({row(heads.q, 0, 90), row(heads.k, 0, 90), row(heads.v, 0, 90)},
                                  {row(position.q, 0, 90), position.positions}, {});
  const at::Tensor second = attend({row(heads.q, 1, 70), row(heads.k, 1, 70), row(heads.v, 1, 70)},
                                   {row(position.q, 1, 70), position.positions.slice(1, 20, 159)}, {});
  EXPECT_LT(largest_difference(both[0], first[0]), 2e-5);
  EXPECT_LT(largest_difference(both[1].slice(0, 0, 70), second[0]), 2e-5);
}

TEST(PaddingMask, IsLeftOutWhenNoRowIsPadded) {
  EXPECT_FALSE(padding_mask({7, 7}, 7, at::kFloat).defined());
  EXPECT_TRUE(padding_mask({7, 6}, 7, at::kFloat).defined());
}

TEST(ProjectedPositions, DoNotDependOnWhatWasAskedBefore) {
  const c10::InferenceMode inference;
  const Linear linear = random_linear(64, 64);
  const ProjectedPositions grown(linear, 4), fresh(linear, 4);
  for (const int64_t length : {3, 513, 514, 1400}) {
    const at::Tensor found = grown.of_length(length);
    const at::Tensor wanted =
        at::linear(relative_positions(length - 1, 2 * length - 1, 64), linear.weight).view({-1, 4, 16}).transpose(0, 1);
    EXPECT_LT(largest_difference(found, wanted), 1e-5) << length;
  }
  EXPECT_TRUE(grown.of_length(514).equal(fresh.of_length(514)));
}

TEST(Spectrum, InverseUndoesTheTransform) {
  const Spectrum spectrum(at::kCPU);
  const at::Tensor signal = normal(1, {2, 1, 960});
  EXPECT_EQ(spectrum.transform(signal).sizes(), at::IntArrayRef({2, 18, 241}));
  EXPECT_LT(largest_difference(spectrum.inverse(spectrum.transform(signal)), signal.squeeze(1)), 2e-6);
}

TEST(Snake, MatchesTheDefinitionInFloat64) {
  const parity::Manifest manifest = {{"snake.alpha", weights::ElementType::float32, {5}}};
  const parity::SyntheticSource source(manifest, "cbx0");
  weights::State state(source, at::kCPU);
  const Snake snake(Place{state / "snake"}, 5);
  const at::Tensor x = normal(1, {2, 5, 1003}) * 20;
  const at::Tensor alpha = snake.alpha.to(at::kDouble).view({1, -1, 1}), wide = x.to(at::kDouble);
  const at::Tensor wanted = wide + (alpha * wide).sin().square() / (alpha + 1e-9);
  EXPECT_LT(largest_difference(snake.forward(x), wanted), 2e-5);
  EXPECT_LT(largest_difference(snake.forward(x.transpose(1, 2).contiguous().transpose(1, 2)), wanted), 2e-5);
  EXPECT_TRUE(snake.forward_(x.clone()).equal(snake.forward(x)));
}

TEST(Mish, MatchesLibtorchs) {
  const at::Tensor x = at::cat({normal(1, {1000}) * 10, at::tensor({-200.f, 0.f, 19.9f, 20.1f, 500.f})});
  const at::Tensor scale = x.abs().clamp_min(1);
  EXPECT_LT(largest_difference(fast_mish(x) / scale, at::mish(x.to(at::kDouble)) / scale), 1e-6);
}

TEST(Noise, IsNormalAndItsDrawsAreUnrelated) {
  const int64_t count = 200001;
  const at::Tensor a = normal_noise(5, Draw::flow_state, count, at::kCPU).to(at::kDouble);
  EXPECT_EQ(a.numel(), count);
  EXPECT_NEAR(a.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(a.square().mean().item<double>(), 1, 0.02);
  EXPECT_NEAR(a.pow(4).mean().item<double>(), 3, 0.1);
  for (const auto& [seed, draw] : {std::pair{6, Draw::flow_state}, {5, Draw::source_noise}}) {
    const at::Tensor b = normal_noise(seed, draw, count, at::kCPU).to(at::kDouble);
    EXPECT_NEAR((a * b).mean().item<double>(), 0, 0.01);
  }
  const at::Tensor u = uniform_noise(5, Draw::source_phase, count, at::kCPU);
  EXPECT_GE(u.min().item<float>(), -1);
  EXPECT_LT(u.max().item<float>(), 1);
  EXPECT_NEAR(u.mean().item<double>(), 0, 0.01);
}

}  // namespace
}  // namespace lectern::chatterbox::s3gen
