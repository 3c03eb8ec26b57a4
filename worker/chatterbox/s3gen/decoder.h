// The estimator of the flow (reference: decoder.py, ConditionalDecoder, and matcha's decoder.py and transformer.py): a
// one-dimensional U-Net that keeps its rate. Sequences; only convolutions are causal, attention sees everything.
#pragma once

#include <vector>

#include "worker/chatterbox/s3gen/layers.h"
#include "worker/chatterbox/s3gen/watcher.h"

namespace lectern::chatterbox::s3gen {

inline constexpr int64_t kMelBands = 80;

// The Euler steps go from t to r: fixed, so everything that depends on them alone is computed when the model is loaded.
struct EulerStep {
  double t, r;
};
inline constexpr EulerStep kEulerSteps[] = {{0.0, 0.5}, {0.5, 1.0}};

// time_mlp and time_embed_mixer: [steps, 1024] float32.
at::Tensor time_embedding(const Place& place);

struct CausalBlock1D {  // block.0 convolution, block.2 norm over channels
  CausalConv1d conv;
  LayerNorm norm;
  CausalBlock1D(const Place& place, int64_t in, int64_t out);
  at::Tensor forward(const at::Tensor& x) const;
};

struct CausalResnetBlock1D {
  at::Tensor mlp;  // [steps, out]: mlp.1 of the time embedding
  CausalBlock1D block1, block2;
  Linear res_conv;
  CausalResnetBlock1D(const Place& place, int64_t in, int64_t out, const at::Tensor& time);
  at::Tensor forward(const at::Tensor& x, int64_t step) const;
};

struct BasicTransformerBlock {
  LayerNorm norm1, norm3;
  Linear to_qkv;         // attn1.to_q (already scaled), to_k, to_v
  Linear to_out;         // attn1.to_out.0
  Linear ff_in, ff_out;  // ff.net.0.proj, ff.net.2
  BasicTransformerBlock(const Place& place, int64_t channels);
  at::Tensor forward(at::Tensor x, const at::Tensor& mask) const;  // changes x
};

struct UNetStage {  // .0 resnet, .1 transformers, and .2, a convolution, outside the middle
  CausalResnetBlock1D resnet;
  std::vector<BasicTransformerBlock> transformers;
  UNetStage(const Place& place, int64_t in, const at::Tensor& time);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mask, int64_t step) const;
};

struct ConditionalDecoder {
  at::Tensor time;  // [steps, 1024]
  UNetStage down_block;
  CausalConv1d down_conv;
  std::vector<UNetStage> mid_blocks;
  UNetStage up_block;
  CausalConv1d up_conv;
  CausalBlock1D final_block;
  Linear final_proj;
  explicit ConditionalDecoder(const Place& place);
  // x, mu, cond [B, T, 80], spks [B, 80]; mask as padding_mask() gives it -> the velocity [B, T, 80].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& mu, const at::Tensor& spks, const at::Tensor& cond,
                     const at::Tensor& mask, int64_t step, const Watcher& watch) const;
};

}  // namespace lectern::chatterbox::s3gen
