// Speech tokens -> mel spectrogram in the voice of a prompt (reference: flow.py, CausalMaskedDiffWithXvec).
// One token lasts 40 ms, two frames of 80 bands.
#pragma once

#include <span>
#include <vector>

#include "worker/chatterbox/s3gen/flow_matching.h"
#include "worker/chatterbox/s3gen/upsample_encoder.h"

namespace lectern::chatterbox::s3gen {

inline constexpr int64_t kSpeechTokens = 6561, kFramesPerToken = 2;

struct CausalMaskedDiffWithXvec {
  Embedding input_embedding;
  Linear spk_embed_affine_layer;
  UpsampleConformerEncoder encoder;
  Linear encoder_proj;
  CausalConditionalCFM decoder;
  explicit CausalMaskedDiffWithXvec(const Place& place);

  // What is the same in every row of a voice.
  struct Prompt {
    int64_t tokens = 0;  // n
    UpsampleConformerEncoder::Prompt front;
    at::Tensor feat;  // [m, 80], m = 2n or 2n + 1
    at::Tensor spks;  // [1, 80]
  };
  // token [n] int64 in 0..6560, feat [m, 80], embedding [192].
  Prompt prompt(const at::Tensor& token, const at::Tensor& feat, const at::Tensor& embedding) const;

  struct Row {
    const Prompt* prompt;
    at::Tensor token;  // [new] int64 in 0..6560, at least one
    at::Tensor z;      // [2 (n + new), 80] float32: normal noise
  };
  // The mel spectrogram of each row behind its prompt: [2 (n + new) - m, 80] float32. Rows are computed together,
  // padded to the longest; a row's result is that of the row alone up to the rounding of float32.
  std::vector<at::Tensor> inference(std::span<const Row> rows, const Watcher& watch = no_watcher) const;
};

}  // namespace lectern::chatterbox::s3gen
