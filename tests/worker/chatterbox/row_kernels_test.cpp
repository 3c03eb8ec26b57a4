// Every level of vector instructions that this processor has, not only the best one.
#include "worker/chatterbox/row_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace lectern::chatterbox {

extern const RowKernels row_kernels_plain;
#if defined(__x86_64__)
extern const RowKernels row_kernels_avx2, row_kernels_avx512;
#endif

namespace {

std::vector<const RowKernels*> levels() {
  std::vector<const RowKernels*> levels{&row_kernels_plain};
#if defined(__x86_64__)
  const std::string best = row_kernels().name;
  if (best != "plain") levels.push_back(&row_kernels_avx2);
  if (best == "avx512") levels.push_back(&row_kernels_avx512);
#endif
  return levels;
}

// What the bits of a float16 say.
float value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return static_cast<float>(bits & 0x8000 ? -magnitude : magnitude);
}

std::vector<float> noise(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) / (1 << 23) - 1;
  }
  return values;
}

class Level : public testing::TestWithParam<const RowKernels*> {};

TEST_P(Level, ReadsEveryFiniteFloat16Exactly) {
  std::vector<std::uint16_t> weights;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) weights.push_back((bits >> 10 & 31) == 31 ? 0 : bits);
  const auto width = static_cast<std::int64_t>(weights.size());
  const float one = 1;
  std::vector<float> bias(weights.size()), y(weights.size(), NAN);
  const Product product{.x = &one,
                        .rows = 1,
                        .depth = 1,
                        .width = width,
                        .tiles = weights.data(),
                        .half = true,
                        .bias = bias.data(),
                        .y = y.data()};
  GetParam()->product(product, 0, width / kTileWidth);
  for (std::size_t i = 0; i < weights.size(); ++i) ASSERT_EQ(y[i], value_of(weights[i])) << std::hex << weights[i];
}

TEST_P(Level, GivesARowTheSameProductInAnyCompanyAndTheRightOne) {
  constexpr std::int64_t kDepth = 700, kWidth = 70, kTiles = 3, kRows = 19;
  const auto x = noise(kRows * kDepth, 1), bias = noise(kTiles * kTileWidth, 2);
  auto tiles = noise(kTiles * kDepth * kTileWidth, 3);
  std::vector<std::vector<float>> results;
  for (const std::int64_t company : {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}, std::int64_t{5}, kRows}) {
    std::vector<float> y(kRows * kWidth, NAN);
    for (std::int64_t row = 0; row < kRows; row += company) {
      const Product product{.x = x.data() + row * kDepth,
                            .rows = std::min(company, kRows - row),
                            .depth = kDepth,
                            .width = kWidth,
                            .tiles = tiles.data(),
                            .bias = bias.data(),
                            .y = y.data() + row * kWidth};
      for (std::int64_t tile = kTiles; tile-- > 0;) GetParam()->product(product, tile, tile + 1);
    }
    results.push_back(std::move(y));
  }
  for (const auto& result : results) EXPECT_EQ(result, results[0]);
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t column = 0; column < kWidth; ++column) {
      double sum = bias[static_cast<std::size_t>(column)];
      const std::size_t tile =
          static_cast<std::size_t>(column / kTileWidth * kDepth * kTileWidth + column % kTileWidth);
      for (std::int64_t k = 0; k < kDepth; ++k)
        sum += double(x[static_cast<std::size_t>(row * kDepth + k)]) *
               tiles[tile + static_cast<std::size_t>(k * kTileWidth)];
      EXPECT_NEAR(results[0][static_cast<std::size_t>(row * kWidth + column)], sum, 2e-5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Level, testing::ValuesIn(levels()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace lectern::chatterbox
