#include "worker/chatterbox/enrolment/mel.h"

#include <ATen/ATen.h>

#include <numbers>

#include "worker/chatterbox/enrolment/spectra.h"

namespace lectern::chatterbox::enrolment {

namespace {

constexpr int64_t kRate = 24000, kWindow = 1920, kHop = 480, kBands = 80;
constexpr double kHigh_hz = 8000;

// 24 kHz to 16 kHz: three samples become two.
constexpr int64_t kFrom = 3, kTo = 2, kCrossings = 6, kWidth = 10;  // ceil(kCrossings * kFrom / kCutoff)
constexpr double kCutoff = kTo * 0.99;

// [2, 1, 23]: the weights of 23 samples for each of the two.
at::Tensor sinc_kernels() {
  const at::Tensor sample = at::arange(-kWidth, kWidth + kFrom, at::kDouble) / double(kFrom);
  const at::Tensor phase = at::arange(0, -kTo, -1, at::kDouble).unsqueeze(1) / double(kTo);
  const at::Tensor time = ((phase + sample) * kCutoff).clamp_(-double(kCrossings), double(kCrossings));
  const at::Tensor window = (time * (std::numbers::pi / kCrossings / 2)).cos().square();
  return (at::sinc(time) * window * (kCutoff / kFrom)).unsqueeze(1);
}

}  // namespace

at::Tensor mel_spectrogram(const at::Tensor& wav) {
  static const at::Tensor window = hann_window(kWindow);
  static const at::Tensor filters = slaney_filters(kRate, kWindow, kBands, kHigh_hz).to(at::kDouble);
  const at::Tensor magnitude = (power_spectra(mirrored(wav, (kWindow - kHop) / 2), window, kHop) + 1e-9).sqrt_();
  return at::matmul(filters, magnitude.t()).clamp_min(1e-5).log_().to(at::kFloat);
}

at::Tensor sinc_resampled(const at::Tensor& wav) {
  static const at::Tensor kernels = sinc_kernels();
  const int64_t length = (wav.size(0) * kTo + kFrom - 1) / kFrom;
  const at::Tensor padded = at::constant_pad_nd(wav.to(at::kDouble), {kWidth, kWidth + kFrom});
  const at::Tensor frames = padded.unfold(0, kernels.size(2), kFrom);
  return at::matmul(frames, kernels.squeeze(1).t()).flatten().slice(0, 0, length).to(at::kFloat);
}

}  // namespace lectern::chatterbox::enrolment
