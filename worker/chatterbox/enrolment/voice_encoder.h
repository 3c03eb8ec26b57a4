// A recording -> who speaks, for T3 (reference: models/voice_encoder/voice_encoder.py, VoiceEncoder).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "worker/weights/state.h"

namespace lectern::chatterbox::enrolment {

inline constexpr char kVoiceEncoderName[] = "ve.safetensors";

// Immutable after loading; call inside c10::InferenceMode.
struct VoiceEncoder {
  explicit VoiceEncoder(weights::State& state);

  // The samples [n] at 16 kHz that are louder than 20 dB below the loudest 128 ms: first and one past the last.
  static std::pair<int64_t, int64_t> trim_interval(const at::Tensor& wav);
  // Trimmed samples [n] -> [1 + n / 160, 40], the power in mel bands.
  static at::Tensor melspectrogram(const at::Tensor& wav);
  // A spectrogram cut into overlapping pieces of 1.6 s -> [pieces, 256], each of length 1.
  at::Tensor partial_embeds(const at::Tensor& mel) const;
  // Samples [n] at 16 kHz -> [1, 256] of length 1.
  at::Tensor embeds_from_wav(const at::Tensor& wav) const;

 private:
  std::vector<at::Tensor> lstm_;  // weight_ih, weight_hh, bias_ih, bias_hh of each layer
  at::Tensor proj_weight_, proj_bias_;
};

}  // namespace lectern::chatterbox::enrolment
