#include "worker/chatterbox/enrolment/voice_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "worker/chatterbox/enrolment/spectra.h"

namespace lectern::chatterbox::enrolment {

namespace {

constexpr int64_t kRate = 16000, kBands = 40, kWindow = 400, kHop = 160;
constexpr int64_t kHidden = 256, kLayers = 3;
constexpr int64_t kPartial = 160;       // frames
constexpr double kPerSecond = 1.3;      // partials
constexpr double kLeastCoverage = 0.8;  // of the last one
constexpr int64_t kTrimFrame = 2048, kTrimHop = 512;
constexpr double kTrim = 1e-2;  // 20 dB, as power

// How many frames the partials begin apart, and how many partials there are.
constexpr int64_t kStep = 77;  // round((16000 / 1.3) / 160)
static_assert(kStep == static_cast<int64_t>(kRate / kPerSecond / kHop + 0.5));

int64_t partials_of(int64_t frames) {
  const int64_t beyond = std::max<int64_t>(frames - kPartial + kStep, 0);
  const int64_t whole = beyond / kStep, rest = beyond % kStep;
  const bool covered = static_cast<double>(rest + kPartial - kStep) / kPartial >= kLeastCoverage;
  return whole + (whole == 0 || covered ? 1 : 0);
}

at::Tensor of_length_1(const at::Tensor& rows) { return rows / at::norm(rows, 2, {1}, /*keepdim=*/true); }

}  // namespace

VoiceEncoder::VoiceEncoder(weights::State& state) {
  const weights::Scope lstm = state / "lstm", proj = state / "proj";
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string suffix = "_l" + std::to_string(layer);
    lstm_.push_back(lstm.tensor("weight_ih" + suffix, {4 * kHidden, layer == 0 ? kBands : kHidden}));
    lstm_.push_back(lstm.tensor("weight_hh" + suffix, {4 * kHidden, kHidden}));
    lstm_.push_back(lstm.tensor("bias_ih" + suffix, {4 * kHidden}));
    lstm_.push_back(lstm.tensor("bias_hh" + suffix, {4 * kHidden}));
  }
  proj_weight_ = proj.tensor("weight", {kHidden, kHidden});
  proj_bias_ = proj.tensor("bias", {kHidden});
  for (const char* training_only : {"similarity_weight", "similarity_bias"}) state.view(training_only, {1});
}

std::pair<int64_t, int64_t> VoiceEncoder::trim_interval(const at::Tensor& wav) {
  const at::Tensor padded = at::constant_pad_nd(wav.to(at::kDouble), {kTrimFrame / 2, kTrimFrame / 2});
  const at::Tensor power = padded.unfold(0, kTrimFrame, kTrimHop).square().mean(1).clamp_min(1e-10);
  const at::Tensor loud = at::nonzero(power > power.max() * kTrim).squeeze(1);
  const int64_t first = loud[0].item<int64_t>(), last = loud[-1].item<int64_t>();
  return {first * kTrimHop, std::min(wav.size(0), (last + 1) * kTrimHop)};
}

at::Tensor VoiceEncoder::melspectrogram(const at::Tensor& wav) {
  static const at::Tensor window = hann_window(kWindow);
  static const at::Tensor filters = slaney_filters(kRate, kWindow, kBands, kRate / 2).to(at::kDouble);
  const at::Tensor power = power_spectra(mirrored(wav, kWindow / 2), window, kHop);
  return at::matmul(power, filters.t()).to(at::kFloat);
}

at::Tensor VoiceEncoder::partial_embeds(const at::Tensor& mel) const {
  const int64_t count = partials_of(mel.size(0)), target = kPartial + kStep * (count - 1);
  const at::Tensor covered =
      at::constant_pad_nd(mel.slice(0, 0, target), {0, 0, 0, std::max<int64_t>(0, target - mel.size(0))});
  const at::Tensor partials = covered.unfold(0, kPartial, kStep).transpose(1, 2).contiguous();
  const at::Tensor start = at::zeros({kLayers, count, kHidden}, partials.options());
  const auto result = at::lstm(partials, {start, start}, lstm_, /*has_biases=*/true, kLayers, /*dropout=*/0.0,
                               /*train=*/false, /*bidirectional=*/false, /*batch_first=*/true);
  const at::Tensor top = std::get<1>(result)[-1];
  return of_length_1(at::relu(at::linear(top, proj_weight_, proj_bias_)));
}

at::Tensor VoiceEncoder::embeds_from_wav(const at::Tensor& wav) const {
  const auto [first, last] = trim_interval(wav);
  return of_length_1(partial_embeds(melspectrogram(wav.slice(0, first, last))).mean(0, /*keepdim=*/true));
}

}  // namespace lectern::chatterbox::enrolment
