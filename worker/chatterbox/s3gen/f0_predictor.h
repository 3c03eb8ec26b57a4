// Mel spectrogram -> pitch (reference: f0_predictor.py, ConvRNNF0Predictor). Signals, always float32.
#pragma once

#include <vector>

#include "worker/chatterbox/s3gen/layers.h"

namespace lectern::chatterbox::s3gen {

struct ConvRNNF0Predictor {
  std::vector<Conv1d> condnet;  // condnet.0, .2, .4, .6, .8; between them ELU
  Linear classifier;
  explicit ConvRNNF0Predictor(const Place& place);
  at::Tensor forward(const at::Tensor& mel) const;  // [B, 80, F] -> hertz [B, F]
};

}  // namespace lectern::chatterbox::s3gen
