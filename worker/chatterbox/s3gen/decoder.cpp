#include "worker/chatterbox/s3gen/decoder.h"

#include <cmath>

#include "worker/chatterbox/s3gen/multi_head.h"

namespace lectern::chatterbox::s3gen {

namespace {

constexpr int64_t kChannels = 256, kHeads = 8, kHeadWidth = 64, kTimeWidth = 4 * kChannels, kInputs = 4 * kMelBands;
constexpr int64_t kInner = kHeads * kHeadWidth;
constexpr int64_t kTransformers = 4, kMidBlocks = 12;

// A convolution of one tap is a product.
Linear pointwise(const Place& place, int64_t in, int64_t out) {
  const Conv1d conv(place, in, out, {});
  return {conv.weight.squeeze(2), conv.bias};
}

// Sines then cosines of 1000 t at 160 rates.
at::Tensor sinusoid(double t) {
  constexpr int64_t kHalf = kInputs / 2;
  const at::Tensor rate = at::arange(kHalf, at::kFloat).mul_(-std::log(10000.0) / (kHalf - 1)).exp_();
  const at::Tensor angle = rate * (1000 * t);
  return at::cat({angle.sin(), angle.cos()}).unsqueeze(0);
}

}  // namespace

at::Tensor time_embedding(const Place& estimator) {
  const Place place{estimator.scope, at::kFloat};
  const Linear linear_1(place / "time_mlp" / "linear_1", kInputs, kTimeWidth);
  const Linear linear_2(place / "time_mlp" / "linear_2", kTimeWidth, kTimeWidth);
  const Linear mixer(place / "time_embed_mixer", 2 * kTimeWidth, kTimeWidth, /*with_bias=*/false);
  const auto embedded = [&](double t) {
    return linear_2.forward(at::silu(linear_1.forward(sinusoid(t).to(linear_1.weight.device()))));
  };
  std::vector<at::Tensor> steps;
  for (const auto& [t, r] : kEulerSteps) steps.push_back(mixer.forward(at::cat({embedded(t), embedded(r)}, 1)));
  return at::cat(steps);
}

CausalBlock1D::CausalBlock1D(const Place& place, int64_t in, int64_t out)
    : conv(place / "block" / 0, in, out, 3), norm(place / "block" / 2, out) {}

at::Tensor CausalBlock1D::forward(const at::Tensor& x) const { return fast_mish(norm.forward(conv.forward(x))); }

CausalResnetBlock1D::CausalResnetBlock1D(const Place& place, int64_t in, int64_t out, const at::Tensor& time)
    : mlp(Linear(Place{place.scope} / "mlp" / 1, kTimeWidth, out).forward(fast_mish(time)).to(place.type)),
      block1(place / "block1", in, out),
      block2(place / "block2", out, out),
      res_conv(pointwise(place / "res_conv", in, out)) {}

at::Tensor CausalResnetBlock1D::forward(const at::Tensor& x, int64_t step) const {
  const at::Tensor hidden = block1.forward(x).add_(mlp[step]);
  return block2.forward(hidden).add_(res_conv.forward(x));
}

BasicTransformerBlock::BasicTransformerBlock(const Place& place, int64_t channels)
    : norm1(place / "norm1", channels),
      norm3(place / "norm3", channels),
      to_qkv(joined(place, {Linear(place / "attn1" / "to_q", channels, kInner, false),
                            Linear(place / "attn1" / "to_k", channels, kInner, false),
                            Linear(place / "attn1" / "to_v", channels, kInner, false)})),
      to_out(place / "attn1" / "to_out" / 0, kInner, channels),
      ff_in(place / "ff" / "net" / 0 / "proj", channels, 4 * channels),
      ff_out(place / "ff" / "net" / 2, 4 * channels, channels) {
  to_qkv.weight.narrow(0, 0, kInner).mul_(1 / std::sqrt(kHeadWidth));
}

at::Tensor BasicTransformerBlock::forward(at::Tensor x, const at::Tensor& mask) const {
  const at::Tensor qkv = to_qkv.forward(norm1.forward(x));
  const auto parts = qkv.view({x.size(0), x.size(1), 3, kHeads, kHeadWidth}).permute({2, 0, 3, 1, 4}).unbind(0);
  x.add_(to_out.forward(attend({parts[0], parts[1], parts[2]}, {}, mask)));
  at::Tensor hidden = ff_in.forward(norm3.forward(x));
  return x.add_(ff_out.forward(at::gelu_(hidden)));
}

UNetStage::UNetStage(const Place& place, int64_t in, const at::Tensor& time) : resnet(place / 0, in, kChannels, time) {
  for (int i = 0; i < kTransformers; ++i) transformers.emplace_back(place / 1 / i, kChannels);
}

at::Tensor UNetStage::forward(const at::Tensor& input, const at::Tensor& mask, int64_t step) const {
  at::Tensor x = resnet.forward(input, step);
  for (const BasicTransformerBlock& block : transformers) x = block.forward(x, mask);
  return x;
}

ConditionalDecoder::ConditionalDecoder(const Place& place)
    : time(time_embedding(place)),
      down_block(place / "down_blocks" / 0, kInputs, time),
      down_conv(place / "down_blocks" / 0 / 2, kChannels, kChannels, 3),
      up_block(place / "up_blocks" / 0, 2 * kChannels, time),
      up_conv(place / "up_blocks" / 0 / 2, kChannels, kChannels, 3),
      final_block(place / "final_block", kChannels, kChannels),
      final_proj(pointwise(place / "final_proj", kChannels, kMelBands)) {
  for (int i = 0; i < kMidBlocks; ++i) mid_blocks.emplace_back(place / "mid_blocks" / i, kChannels, time);
}

at::Tensor ConditionalDecoder::forward(const at::Tensor& input, const at::Tensor& mu, const at::Tensor& spks,
                                       const at::Tensor& cond, const at::Tensor& mask, int64_t step,
                                       const Watcher& watch) const {
  const at::Tensor speaker = spks.unsqueeze(1).expand({input.size(0), input.size(1), kMelBands});
  at::Tensor x = down_block.forward(at::cat({input, mu, speaker, cond}, 2), mask, step);
  const at::Tensor skip = x;
  x = down_conv.forward(x);
  for (const UNetStage& block : mid_blocks) {
    x = block.forward(x, mask, step);
    watch("mid_block", x);
  }
  x = up_conv.forward(up_block.forward(at::cat({x, skip}, 2), mask, step));
  return final_proj.forward(final_block.forward(x));
}

}  // namespace lectern::chatterbox::s3gen
