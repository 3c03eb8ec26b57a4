// Kokoro-82M (reference: KModel in model.py): phoneme ids and a style -> 24 kHz mono samples.
//
// Immutable after loading and safe to use from several threads at once; call inside c10::InferenceMode.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/kokoro/albert.h"
#include "worker/kokoro/istftnet.h"
#include "worker/kokoro/modules.h"

namespace lectern::kokoro {

inline constexpr int kSampleRateHz = 24000;
inline constexpr std::size_t kMaxPhonemes = 510;  // without the pads at both ends

struct KModel {
  CustomAlbert bert;
  Linear bert_encoder;
  ProsodyPredictor predictor;
  TextEncoder text_encoder;
  Decoder decoder;
  explicit KModel(weights::State& state);

  // Reads the checkpoint of a model folder; `vocoder` is the type that the vocoder's convolutions compute in, float32
  // or bfloat16. Throws Fault for a checkpoint that does not fit.
  static std::unique_ptr<const KModel> load(const std::filesystem::path& folder, at::Device device,
                                            at::ScalarType vocoder = at::kFloat);

  struct Output {
    at::Tensor audio;     // [600F] float32 on the model's device
    at::Tensor pred_dur;  // [T] int64 on the CPU, frames of each id
  };
  // input_ids with the pads, at most 512; ref_s [1, 256]: the vocoder's style, then the prosody's. Stages that the
  // watcher is told: bert, d_en, d, duration, pred_dur, en, F0, N, t_en, asr and those of the decoder.
  Output forward(const std::vector<int64_t>& input_ids, const at::Tensor& ref_s, double speed, std::uint64_t noise_seed,
                 const Watcher& watch = no_watcher) const;

  at::Device device() const { return bert_encoder.weight.device(); }
};

}  // namespace lectern::kokoro
