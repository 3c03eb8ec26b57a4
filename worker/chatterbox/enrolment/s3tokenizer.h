// A recording -> speech tokens, 25 a second (reference: the package s3tokenizer, model_v2.py, and
// models/s3tokenizer/s3tokenizer.py).
#pragma once

#include <optional>
#include <vector>

#include "worker/chatterbox/s3gen/layers.h"
#include "worker/chatterbox/s3gen/watcher.h"

namespace lectern::chatterbox::enrolment {

struct FSMNMultiHeadAttention {
  s3gen::Linear query, key, value, out;
  at::Tensor fsmn_block;  // [1280, 1, 31], over time, every channel for itself
  explicit FSMNMultiHeadAttention(const s3gen::Place& place);
  // [1, T, 1280]; cos and sin [T, 64] turn queries and keys.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) const;
};

struct ResidualAttentionBlock {
  FSMNMultiHeadAttention attn;
  s3gen::LayerNorm attn_ln;
  s3gen::Linear mlp_0, mlp_2;
  s3gen::LayerNorm mlp_ln;
  explicit ResidualAttentionBlock(const s3gen::Place& place);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) const;
};

// Immutable after loading; call inside c10::InferenceMode. On the processor.
class S3Tokenizer {
 public:
  explicit S3Tokenizer(const s3gen::Place& place);

  // Samples [n] at 16 kHz -> [128, n / 160].
  at::Tensor log_mel_spectrogram(const at::Tensor& wav) const;
  // Samples [n] at 16 kHz, at most 30 s -> [1, T] int64 in 0..6560; at most max_len tokens.
  at::Tensor forward(const at::Tensor& wav, std::optional<int64_t> max_len = std::nullopt,
                     const s3gen::Watcher& watch = s3gen::no_watcher) const;

 private:
  at::Tensor mel_filters_, window_;
  s3gen::Conv1d conv1_, conv2_;
  std::vector<ResidualAttentionBlock> blocks_;
  s3gen::Linear project_down_;
};

}  // namespace lectern::chatterbox::enrolment
