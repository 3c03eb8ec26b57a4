// SourceModuleHnNSF and TorchSTFT of istftnet.h: the excitation signal and its transform.
#include <cmath>
#include <numbers>

#include "worker/kokoro/istftnet.h"

namespace lectern::kokoro {

namespace {

constexpr int64_t kHarmonics = 9, kRate = 24000, kSamplesPerStep = 300;  // F0 has a step every 300 samples
constexpr int64_t kWindow = 20, kHop = 5, kBins = 11;

// z >> bits without the sign, on 64-bit whole numbers (which libtorch has with a sign only).
at::Tensor shifted(const at::Tensor& z, int64_t bits) {
  return at::bitwise_and(at::bitwise_right_shift(z, bits), (int64_t{1} << (64 - bits)) - 1);
}

// SplitMix64's output for the states x; arithmetic wraps round.
at::Tensor mix(at::Tensor z) {
  z = z + static_cast<int64_t>(0x9E3779B97F4A7C15);
  z = at::bitwise_xor(z, shifted(z, 30)) * static_cast<int64_t>(0xBF58476D1CE4E5B9);
  z = at::bitwise_xor(z, shifted(z, 27)) * static_cast<int64_t>(0x94D049BB133111EB);
  return at::bitwise_xor(z, shifted(z, 31));
}

// Values first .. first + count of the seed's normal noise, float32. Value i comes from the states seed + 2i and
// seed + 2i + 1, so a piece of it can be had without the rest.
at::Tensor normal_noise(std::uint64_t seed, int64_t first, int64_t count, at::Device device) {
  constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
  const at::Tensor index = at::arange(first, first + count, at::TensorOptions(at::kLong).device(device));
  const at::Tensor state = index * 2 + static_cast<int64_t>(seed);
  const at::Tensor u1 = (shifted(mix(state), 11) + 1).to(at::kDouble).mul_(kUnit);
  const at::Tensor u2 = shifted(mix(state + 1), 11).to(at::kDouble).mul_(kUnit);
  const at::Tensor radius = u1.log_().mul_(-2).sqrt_();
  return u2.mul_(2 * std::numbers::pi).cos_().mul_(radius).to(at::kFloat);
}

// The windowed cosines and sines of the transform, [22, 1, 20], float64. The sines of the first and last bin are
// exact zeros, so that the angle there is 0 or pi and never -pi.
at::Tensor fourier_basis(double scale_middle, double scale_edges) {
  at::Tensor basis = at::zeros({2 * kBins, 1, kWindow}, at::kDouble);
  auto cells = basis.accessor<double, 3>();
  for (int64_t bin = 0; bin < kBins; ++bin) {
    const bool edge = bin == 0 || bin == kBins - 1;
    for (int64_t n = 0; n < kWindow; ++n) {
      const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * n / kWindow);
      const double angle = 2 * std::numbers::pi * (bin * n % kWindow) / kWindow;
      const double scale = window * (edge ? scale_edges : scale_middle);
      cells[bin][0][n] = std::cos(angle) * scale;
      cells[kBins + bin][0][n] = edge ? 0.0 : -std::sin(angle) * scale;
    }
  }
  return basis;
}

}  // namespace

SourceModuleHnNSF::SourceModuleHnNSF(const Scope& scope) : l_linear(scope / "l_linear", kHarmonics, 1) {}

at::Tensor SourceModuleHnNSF::forward(const at::Tensor& F0, std::uint64_t noise_seed) const {
  // Phase in turns, in float64: it passes 1e5 rad on long sentences, which float32 cannot hold to a useful angle.
  const at::Tensor f0 = F0.squeeze(0).to(at::kDouble);  // [2F]
  const at::Tensor harmonic = at::arange(1, kHarmonics + 1, f0.options()).unsqueeze(1);
  const at::Tensor turns = at::remainder(f0 * harmonic / double(kRate), 1.0).cumsum(1).mul_(kSamplesPerStep);
  const int64_t samples = f0.size(0) * kSamplesPerStep, block = kRate;

  // Sample t lies at (t + 0.5) / 300 - 0.5 between the steps; in blocks, to keep the float64 temporaries small.
  std::vector<at::Tensor> blocks;
  for (int64_t first = 0; first < samples; first += block) {
    const int64_t count = std::min(block, samples - first);
    const at::Tensor t = at::arange(first, first + count, f0.options());
    const at::Tensor place = ((t + 0.5) / double(kSamplesPerStep) - 0.5).clamp_(0.0, double(f0.size(0) - 1));
    const at::Tensor left = place.floor().to(at::kLong);
    const at::Tensor right = (left + 1).clamp_max_(f0.size(0) - 1);
    const at::Tensor from = turns.index_select(1, left);
    const at::Tensor phase = turns.index_select(1, right).sub_(from).mul_(place - left).add_(from);
    const at::Tensor sine = phase.sub_(phase.floor()).mul_(2 * std::numbers::pi).to(at::kFloat).sin_();  // [9, count]

    const at::Tensor pitch = F0.squeeze(0).index_select(0, at::floor_divide(t.to(at::kLong), kSamplesPerStep));
    const at::Tensor voiced = pitch.gt(10).to(at::kFloat);  // [count]
    const at::Tensor noise = normal_noise(noise_seed, first * kHarmonics, count * kHarmonics, F0.device());
    const at::Tensor loudness = voiced * (0.003 - 0.1 / 3) + 0.1 / 3;
    const at::Tensor waves =
        sine.t() * (voiced * 0.1).unsqueeze(1) + noise.view({count, kHarmonics}) * loudness.unsqueeze(1);
    blocks.push_back(l_linear.forward(waves).tanh_().view({1, count}));
  }
  return at::cat(blocks, 1);
}

TorchSTFT::TorchSTFT(at::Device device) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  forward_basis_ = fourier_basis(1, 1).to(options);
  inverse_basis_ = fourier_basis(2.0 / kWindow, 1.0 / kWindow).to(options);
  window_square_ = fourier_basis(1, 1).slice(0, 0, 1).square().to(options);
}

at::Tensor TorchSTFT::transform(const at::Tensor& signal) const {
  const at::Tensor padded = at::reflection_pad1d(signal.unsqueeze(1), {kWindow / 2, kWindow / 2});
  const auto parts = at::conv1d(padded, forward_basis_, {}, kHop).chunk(2, 1);  // real, imaginary
  return at::cat({at::hypot(parts[0], parts[1]), at::atan2(parts[1], parts[0])}, 1);
}

at::Tensor TorchSTFT::inverse(const at::Tensor& magnitude, const at::Tensor& phase) const {
  const at::Tensor spectrum = at::cat({magnitude * phase.cos(), magnitude * phase.sin()}, 1);
  const at::Tensor sum = at::conv_transpose1d(spectrum, inverse_basis_, {}, kHop);
  const at::Tensor ones = at::ones({1, 1, spectrum.size(2)}, spectrum.options());
  const at::Tensor envelope = at::conv_transpose1d(ones, window_square_, {}, kHop);
  const int64_t length = (spectrum.size(2) - 1) * kHop;
  const auto inside = [length](const at::Tensor& x) { return x.slice(2, kWindow / 2, kWindow / 2 + length); };
  return (inside(sum) / inside(envelope)).squeeze(1);
}

}  // namespace lectern::kokoro
