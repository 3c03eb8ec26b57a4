#include "worker/chatterbox/enrolment/spectra.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace lectern::chatterbox::enrolment {

namespace {

// Linear below 1000 Hz, logarithmic above.
constexpr double kLinearStep = 200.0 / 3, kKnee_hz = 1000, kKnee = kKnee_hz / kLinearStep;
const double kLogStep = std::log(6.4) / 27;

double mel_of(double hz) { return hz < kKnee_hz ? hz / kLinearStep : kKnee + std::log(hz / kKnee_hz) / kLogStep; }
double hz_of(double mel) { return mel < kKnee ? mel * kLinearStep : kKnee_hz * std::exp(kLogStep * (mel - kKnee)); }

}  // namespace

at::Tensor hann_window(int64_t length) {
  const at::Tensor angle = at::arange(length, at::kDouble) * (2 * std::numbers::pi / static_cast<double>(length));
  return 0.5 - 0.5 * angle.cos();
}

at::Tensor power_spectra(const at::Tensor& signal, const at::Tensor& window, int64_t hop) {
  const at::Tensor frames = signal.to(at::kDouble).unfold(0, window.size(0), hop) * window;
  const at::Tensor parts = at::view_as_real(at::fft_rfft(frames));
  return parts.square().sum(-1);
}

at::Tensor mirrored(const at::Tensor& signal, int64_t width) {
  return at::reflection_pad1d(signal.to(at::kDouble).unsqueeze(0), {width, width})[0];
}

at::Tensor slaney_filters(int64_t rate_hz, int64_t window, int64_t bands, double high_hz) {
  const int64_t bins = window / 2 + 1;
  std::vector<double> edges;  // of band b: edges b, b + 1 and b + 2
  for (int64_t i = 0; i < bands + 2; ++i) {
    edges.push_back(hz_of(mel_of(high_hz) * static_cast<double>(i) / static_cast<double>(bands + 1)));
  }
  const at::Tensor filters = at::zeros({bands, bins}, at::kFloat);
  auto cells = filters.accessor<float, 2>();
  for (int64_t band = 0; band < bands; ++band) {
    const double low = edges[band], middle = edges[band + 1], high = edges[band + 2];
    for (int64_t bin = 0; bin < bins; ++bin) {
      const double hz = static_cast<double>(bin * rate_hz) / static_cast<double>(window);
      const double height = std::min((hz - low) / (middle - low), (high - hz) / (high - middle));
      cells[band][bin] = static_cast<float>(std::max(0.0, height) * 2 / (high - low));
    }
  }
  return filters;
}

}  // namespace lectern::chatterbox::enrolment
