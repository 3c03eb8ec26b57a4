// The parts of the vocoder that need no weights: the fused kernel, the transform, the memory under them.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/kokoro/adain_snake.h"
#include "worker/kokoro/block_cache.h"
#include "worker/kokoro/istftnet.h"

namespace lectern::kokoro {
namespace {

struct Case {
  at::Tensor x, scale, shift, alpha;
};

Case random_case(int64_t channels, int64_t length) {
  at::manual_seed(1);
  return {at::randn({1, channels, length}) * 5 + 3, at::randn({channels}) * 4, at::randn({channels}) * 4,
          at::rand({1, channels, 1}) * 5 + 0.05};
}

at::Tensor by_definition(const Case& c) {  // in float64
  const at::Tensor x = c.x.to(at::kDouble), alpha = c.alpha.to(at::kDouble);
  const at::Tensor centred = x - x.mean(2, true);
  const at::Tensor normed = centred / (centred.square().mean(2, true) + 1e-5).sqrt();
  const at::Tensor y = normed * c.scale.view({1, -1, 1}).to(at::kDouble) + c.shift.view({1, -1, 1}).to(at::kDouble);
  return y + (y * alpha).sin().square() / alpha;
}

TEST(AdainSnake, IsItsDefinition) {
  for (const int64_t length : {1, 7, 64, 4097, 30001}) {
    const Case c = random_case(5, length);
    const at::Tensor got = adain_snake(c.x, c.scale, c.shift, c.alpha, 1e-5, at::kFloat);
    EXPECT_LT((got - by_definition(c)).abs().max().item<double>(), 2e-4) << length;
  }
}

TEST(AdainSnake, LeavesItsInputAlone) {
  const Case c = random_case(3, 100);
  const at::Tensor before = c.x.clone();
  adain_snake(c.x, c.scale, c.shift, c.alpha, 1e-5, at::kFloat);
  EXPECT_TRUE(c.x.equal(before));
}

TEST(AdainSnake, RoundsBfloat16AsLibtorchDoes) {
  Case c = random_case(4, 1000);
  c.x = c.x.to(at::kBFloat16);
  const at::Tensor wide = adain_snake(c.x, c.scale, c.shift, c.alpha, 1e-5, at::kFloat);
  EXPECT_LT((wide - by_definition(c)).abs().max().item<double>(), 2e-4);
  EXPECT_TRUE(adain_snake(c.x, c.scale, c.shift, c.alpha, 1e-5, at::kBFloat16).equal(wide.to(at::kBFloat16)));
}

TEST(AdainSnake, TakesStridedInputThroughPlainOperations) {
  Case c = random_case(4, 50);
  c.x = at::randn({1, 50, 4}).transpose(1, 2);
  const at::Tensor got = adain_snake(c.x, c.scale, c.shift, c.alpha, 1e-5, at::kFloat);
  EXPECT_LT((got - by_definition(c)).abs().max().item<double>(), 2e-4);
}

TEST(TorchSTFT, IsUndoneByItsInverse) {
  at::manual_seed(2);
  const TorchSTFT stft(at::kCPU);
  const at::Tensor signal = at::rand({1, 1200}) - 0.5;
  const auto parts = stft.transform(signal).chunk(2, 1);
  EXPECT_EQ(parts[0].sizes(), at::IntArrayRef({1, 11, 241}));
  EXPECT_LT((stft.inverse(parts[0], parts[1]) - signal).abs().max().item<double>(), 1e-5);
}

TEST(TorchSTFT, HasTheAngleOfANegativeConstantAtPi) {
  const TorchSTFT stft(at::kCPU);
  const auto parts = stft.transform(at::full({1, 600}, -0.5)).chunk(2, 1);
  EXPECT_NEAR(parts[0][0][0][60].item<double>(), 5.0, 1e-5);  // half of the window's sum of 10
  EXPECT_NEAR(parts[1][0][0][60].item<double>(), M_PI, 1e-6);
}

TEST(BlockCache, KeepsALargeBlockForTheNextTensorAndNoMoreThanItsLimit) {
  keep_blocks(10 << 20);
  at::Tensor big = at::empty({2 << 20});  // 8 MB
  const void* place = big.data_ptr();
  big.reset();
  EXPECT_EQ(kept_bytes(), 8u << 20);
  big = at::zeros({2 << 20});
  EXPECT_EQ(big.data_ptr(), place);
  at::Tensor other = at::zeros({1 << 20});
  EXPECT_EQ(kept_bytes(), 0u);
  big.reset();
  other.reset();
  EXPECT_LE(kept_bytes(), 10u << 20);
  keep_blocks(0);
  EXPECT_EQ(kept_bytes(), 0u);
}

TEST(BlockCache, FreesWhatWasAllocatedBeforeIt) {
  // Tensors of the cases above this one may come from the allocator that was there first.
  at::Tensor small = at::ones({10}), large = at::ones({1 << 20});
  keep_blocks(1 << 20);
  small.reset();
  large.reset();
  EXPECT_LE(kept_bytes(), 1u << 20);
}

}  // namespace
}  // namespace lectern::kokoro
