// The text side of the network (reference: modules.py): phonemes and a prosody style -> durations, pitch, energy.
// T = phonemes with their two pads, F = frames (40 a second).
#pragma once

#include <vector>

#include "worker/kokoro/istftnet.h"
#include "worker/kokoro/layers.h"

namespace lectern::kokoro {

struct TextEncoderConv {  // cnn.N: .0 convolution, .1 layer norm over channels with gamma and beta
  Conv1d conv;
  at::Tensor gamma, beta;
  explicit TextEncoderConv(const Scope& scope);
  at::Tensor forward(const at::Tensor& x) const;  // [1, 512, T]
};

struct TextEncoder {
  Embedding embedding;
  std::vector<TextEncoderConv> cnn;
  LSTM lstm;
  explicit TextEncoder(const Scope& scope);
  at::Tensor forward(const at::Tensor& input_ids) const;  // [1, T] -> [1, 512, T]
};

struct AdaLayerNorm {
  Linear fc;
  explicit AdaLayerNorm(const Scope& scope);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& style) const;  // [1, T, 512]
};

struct DurationEncoder {
  struct Block {  // lstms.2n and lstms.2n+1
    LSTM lstm;
    AdaLayerNorm norm;
  };
  std::vector<Block> lstms;
  explicit DurationEncoder(const Scope& scope);
  at::Tensor forward(const at::Tensor& d_en, const at::Tensor& style) const;  // [1, 512, T] -> [1, T, 640]
};

struct ProsodyPredictor {
  DurationEncoder text_encoder;
  LSTM lstm;
  Linear linear_layer;  // duration_proj.linear_layer
  LSTM shared;
  std::vector<AdainResBlk1d> F0, N;
  Conv1d F0_proj, N_proj;
  explicit ProsodyPredictor(const Scope& scope);

  // d [1, T, 640] -> frames of each phoneme before rounding, [1, T].
  at::Tensor duration(const at::Tensor& d, double speed) const;
  struct Curves {
    at::Tensor F0, N;  // [1, 2F]: hertz, energy
  };
  Curves F0Ntrain(const at::Tensor& en, const at::Tensor& style) const;  // en [1, 640, F]
};

}  // namespace lectern::kokoro
