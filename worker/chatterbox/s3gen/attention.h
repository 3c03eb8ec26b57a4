// Self-attention of the conformer (reference: transformer/attention.py).
#pragma once

#include <memory>

#include "worker/chatterbox/s3gen/embedding.h"

namespace lectern::chatterbox::s3gen {

struct RelPositionMultiHeadedAttention {
  RelPositionMultiHeadedAttention(const Place& place, int64_t channels, int64_t heads);
  // x [B, T, channels]; mask as padding_mask() gives it.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask) const;

 private:
  int64_t heads_;
  Linear linear_qkv_;                                    // linear_q, linear_k, linear_v
  at::Tensor pos_bias_u_, pos_bias_v_;                   // [1, 1, heads, width]
  std::unique_ptr<const ProjectedPositions> positions_;  // linear_pos
  Linear linear_out_;
};

}  // namespace lectern::chatterbox::s3gen
