// softmax(q k^T + ...) v for several heads, which the encoder and the decoder share. Every query sees every key.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace lectern::chatterbox::s3gen {

// [B, H, T, D] each, any strides; q is already scaled.
struct Heads {
  at::Tensor q, k, v;
};

// Adds q . positions[T - 1 - i + j] to the score of query i and key j: row r of positions stands for the distance
// i - j = T - 1 - r. Undefined: no such term.
struct PositionTerm {
  at::Tensor q;          // [B, H, T, D], scaled
  at::Tensor positions;  // [H, 2T - 1, D]
};

// mask: undefined or [B, 1, 1, T], added to the scores (-infinity hides a key). -> [B, T, H * D].
at::Tensor attend(const Heads& heads, const PositionTerm& position, const at::Tensor& mask);

// The mask of rows with that many frames each, padded to `longest`; undefined when none is padded.
at::Tensor padding_mask(const std::vector<int64_t>& lengths, int64_t longest, const at::TensorOptions& options);

}  // namespace lectern::chatterbox::s3gen
