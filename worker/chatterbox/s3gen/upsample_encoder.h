// Tokens -> frames (reference: transformer/upsample_encoder.py): a conformer at the tokens' rate, then one at twice it.
// Sequences; N = tokens of a row, its voice's prompt first.
#pragma once

#include <vector>

#include "worker/chatterbox/s3gen/encoder_layer.h"
#include "worker/chatterbox/s3gen/watcher.h"

namespace lectern::chatterbox::s3gen {

struct LinearNoSubsampling {  // embed.out.0 and .1; includes the positional encoding's scaling
  Linear linear;
  LayerNorm norm;
  LinearNoSubsampling(const Place& place, int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;
};

struct PreLookaheadLayer {
  Conv1d conv1, conv2;
  PreLookaheadLayer(const Place& place, int64_t channels);
  // Frames `context` .. of the layer's result, where the frames before are only looked at: 0 when x is the whole row,
  // 2 when it is the end of one.
  at::Tensor forward(const at::Tensor& x, int64_t context) const;
};

struct Upsample1D {
  CausalConv1d conv;
  Upsample1D(const Place& place, int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;  // [B, N, C] -> [B, 2N, C]
};

// A watcher's values may be changed after the call.
struct UpsampleConformerEncoder {
  LinearNoSubsampling embed;
  LayerNorm after_norm;
  PreLookaheadLayer pre_lookahead_layer;
  std::vector<ConformerEncoderLayer> encoders;
  Upsample1D up_layer;
  LinearNoSubsampling up_embed;
  std::vector<ConformerEncoderLayer> up_encoders;
  explicit UpsampleConformerEncoder(const Place& place);

  // What the layers before the first attention make of a voice's prompt; it is the same in every row of that voice.
  struct Prompt {
    at::Tensor done;  // [1, n - 3, C]: does not see what follows the prompt
    at::Tensor tail;  // [1, 5, C]: the embedded last tokens, which the frames after `done` see
  };
  Prompt prompt(const at::Tensor& embedded) const;  // [1, n, C] token embeddings

  // The same layers for a whole row whose prompt is followed by `embedded` [1, N - n, C] -> [1, N, C].
  at::Tensor front(const Prompt& prompt, const at::Tensor& embedded) const;

  // Everything from the first attention on: x [B, longest N, C], padded -> [B, 2 * longest N, C]. Changes x.
  at::Tensor forward(at::Tensor x, const std::vector<int64_t>& lengths, const Watcher& watch) const;
};

}  // namespace lectern::chatterbox::s3gen
