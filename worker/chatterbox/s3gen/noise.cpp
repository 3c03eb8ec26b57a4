#include "worker/chatterbox/s3gen/noise.h"

#include <ATen/ATen.h>

#include <numbers>

namespace lectern::chatterbox::s3gen {

namespace {

// z >> bits without the sign, on 64-bit whole numbers (which libtorch has with a sign only).
at::Tensor shifted(const at::Tensor& z, int64_t bits) {
  return at::bitwise_right_shift(z, bits).bitwise_and_((int64_t{1} << (64 - bits)) - 1);
}

// SplitMix64: 64 random bits for each index 0, 1, ...; arithmetic wraps round.
at::Tensor random_bits(std::uint64_t seed, Draw draw, int64_t count, at::Device device) {
  constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15, kFirst = 0xBF58476D1CE4E5B9, kSecond = 0x94D049BB133111EB;
  const auto mix = [&](std::uint64_t z) {
    z = (z ^ (z >> 30)) * kFirst;
    z = (z ^ (z >> 27)) * kSecond;
    return z ^ (z >> 31);
  };
  // Sequences of different seeds start at unrelated places.
  const std::uint64_t start = mix(mix(seed + kGamma) + static_cast<std::uint64_t>(draw) * kGamma) + kGamma;
  at::Tensor z = at::arange(count, at::TensorOptions(at::kLong).device(device));
  z.mul_(static_cast<int64_t>(kGamma)).add_(static_cast<int64_t>(start));
  z.bitwise_xor_(shifted(z, 30)).mul_(static_cast<int64_t>(kFirst));
  z.bitwise_xor_(shifted(z, 27)).mul_(static_cast<int64_t>(kSecond));
  return z.bitwise_xor_(shifted(z, 31));
}

constexpr double kUnit24 = 1.0 / (1 << 24);  // what float32 holds exactly

}  // namespace

at::Tensor normal_noise(std::uint64_t seed, Draw draw, int64_t count, at::Device device) {
  // Box and Muller: two values from the two halves of each number.
  const at::Tensor bits = random_bits(seed, draw, (count + 1) / 2, device);
  const at::Tensor u1 = (shifted(bits, 40) + 1).to(at::kFloat).mul_(kUnit24);                        // (0, 1]
  const at::Tensor u2 = at::bitwise_and(bits, (int64_t{1} << 24) - 1).to(at::kFloat).mul_(kUnit24);  // [0, 1)
  const at::Tensor radius = u1.log().mul_(-2).sqrt_(), angle = u2 * (2 * std::numbers::pi);
  return at::cat({angle.cos().mul_(radius), angle.sin().mul_(radius)}).slice(0, 0, count);
}

at::Tensor uniform_noise(std::uint64_t seed, Draw draw, int64_t count, at::Device device) {
  return shifted(random_bits(seed, draw, count, device), 40).to(at::kFloat).mul_(2 * kUnit24).sub_(1);
}

}  // namespace lectern::chatterbox::s3gen
