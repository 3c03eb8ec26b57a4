#include "worker/chatterbox/enrolment/fbank.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lectern::chatterbox::enrolment {

namespace {

constexpr int64_t kRate = 16000, kFrame = 400, kHop = 160, kFft = 512, kBands = 80;
constexpr double kLow_hz = 20, kHigh_hz = kRate / 2, kPreemphasis = 0.97, kFloor = 1.1920928955078125e-07;

double mel_of(double hz) { return 1127 * std::log(1 + hz / 700); }

at::Tensor povey_window() {
  const at::Tensor angle = at::arange(kFrame, at::kDouble) * (2 * std::numbers::pi / (kFrame - 1));
  return (0.5 - 0.5 * angle.cos()).pow(0.85);
}

// Triangles that are straight on the mel scale, without the highest bin: [80, 256].
at::Tensor triangles() {
  const double low = mel_of(kLow_hz), step = (mel_of(kHigh_hz) - low) / (kBands + 1);
  const at::Tensor filters = at::zeros({kBands, kFft / 2}, at::kDouble);
  auto cells = filters.accessor<double, 2>();
  for (int64_t band = 0; band < kBands; ++band) {
    const double left = low + static_cast<double>(band) * step;
    for (int64_t bin = 0; bin < kFft / 2; ++bin) {
      const double at = mel_of(static_cast<double>(bin * kRate) / kFft) - left;
      cells[band][bin] = std::max(0.0, std::min(at / step, 2 - at / step));
    }
  }
  return filters;
}

}  // namespace

at::Tensor fbank(const at::Tensor& wav) {
  static const at::Tensor window = povey_window(), filters = triangles();
  at::Tensor frames = wav.to(at::kDouble).unfold(0, kFrame, kHop);
  frames = frames - frames.mean(1, /*keepdim=*/true);
  const at::Tensor before = at::cat({frames.slice(1, 0, 1), frames.slice(1, 0, kFrame - 1)}, 1);
  frames = (frames - before * kPreemphasis) * window;
  const at::Tensor power = at::view_as_real(at::fft_rfft(frames, kFft)).square().sum(-1);
  const at::Tensor log = at::matmul(power.slice(1, 0, kFft / 2), filters.t()).clamp_min(kFloor).log_();
  return (log - log.mean(0, /*keepdim=*/true)).to(at::kFloat);
}

}  // namespace lectern::chatterbox::enrolment
