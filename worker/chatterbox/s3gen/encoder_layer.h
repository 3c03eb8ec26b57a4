// One layer of the conformer (reference: transformer/encoder_layer.py and positionwise_feed_forward.py), as it is set
// up here: normalisation first, no convolution module, no second feed-forward.
#pragma once

#include "worker/chatterbox/s3gen/attention.h"

namespace lectern::chatterbox::s3gen {

struct PositionwiseFeedForward {
  Linear w_1, w_2;
  PositionwiseFeedForward(const Place& place, int64_t channels, int64_t hidden)
      : w_1(place / "w_1", channels, hidden), w_2(place / "w_2", hidden, channels) {}
  at::Tensor forward(const at::Tensor& x) const {
    at::Tensor hidden = w_1.forward(x);
    return w_2.forward(at::silu_(hidden));
  }
};

struct ConformerEncoderLayer {
  RelPositionMultiHeadedAttention self_attn;
  PositionwiseFeedForward feed_forward;
  LayerNorm norm_ff, norm_mha;
  explicit ConformerEncoderLayer(const Place& place, int64_t channels = 512)
      : self_attn(place / "self_attn", channels, /*heads=*/8),
        feed_forward(place / "feed_forward", channels, 2048),
        norm_ff(place / "norm_ff", channels, /*eps=*/1e-12),
        norm_mha(place / "norm_mha", channels, /*eps=*/1e-12) {}
  // Changes x in place.
  at::Tensor forward(at::Tensor x, const at::Tensor& mask) const {
    x.add_(self_attn.forward(norm_mha.forward(x), mask));
    return x.add_(feed_forward.forward(norm_ff.forward(x)));
  }
};

}  // namespace lectern::chatterbox::s3gen
