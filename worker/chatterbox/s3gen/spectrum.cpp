#include "worker/chatterbox/s3gen/spectrum.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace lectern::chatterbox::s3gen {

namespace {

constexpr int64_t kWindow = 16, kHop = 4, kBins = kWindow / 2 + 1;

// The windowed cosines and negative sines, [18, 1, 16], float64; the first and the last bin stand for themselves alone,
// the others for a pair.
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

Spectrum::Spectrum(at::Device device) {
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  forward_basis_ = fourier_basis(1, 1).to(options);
  inverse_basis_ = fourier_basis(2.0 / kWindow, 1.0 / kWindow).to(options);
  window_square_ = fourier_basis(1, 1).slice(0, 0, 1).square().to(options);
}

at::Tensor Spectrum::transform(const at::Tensor& signal) const {
  return at::conv1d(at::reflection_pad1d(signal, {kWindow / 2, kWindow / 2}), forward_basis_, {}, kHop);
}

at::Tensor Spectrum::inverse(const at::Tensor& spectrum) const {
  const at::Tensor sum = at::conv_transpose1d(spectrum, inverse_basis_, {}, kHop);
  const at::Tensor ones = at::ones({1, 1, spectrum.size(2)}, spectrum.options());
  const at::Tensor envelope = at::conv_transpose1d(ones, window_square_, {}, kHop);
  const int64_t length = (spectrum.size(2) - 1) * kHop;
  const auto inside = [length](const at::Tensor& x) { return x.slice(2, kWindow / 2, kWindow / 2 + length); };
  return (inside(sum) / inside(envelope)).squeeze(1);
}

}  // namespace lectern::chatterbox::s3gen
