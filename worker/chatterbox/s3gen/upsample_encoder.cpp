#include "worker/chatterbox/s3gen/upsample_encoder.h"

#include <cmath>

#include "worker/chatterbox/s3gen/multi_head.h"

namespace lectern::chatterbox::s3gen {

namespace {
constexpr int64_t kChannels = 512, kLookahead = 3, kLookback = 2, kSeen = kLookahead + kLookback;
}

LinearNoSubsampling::LinearNoSubsampling(const Place& place, int64_t channels)
    : linear(place / "out" / 0, channels, channels), norm(place / "out" / 1, channels) {}

at::Tensor LinearNoSubsampling::forward(const at::Tensor& x) const {
  return norm.forward(linear.forward(x)).mul_(std::sqrt(double(x.size(2))));
}

PreLookaheadLayer::PreLookaheadLayer(const Place& place, int64_t channels)
    : conv1(place / "conv1", channels, channels, {.kernel = kLookahead + 1}),
      conv2(place / "conv2", channels, channels, {.kernel = kLookback + 1}) {}

at::Tensor PreLookaheadLayer::forward(const at::Tensor& x, int64_t context) const {
  const at::Tensor ahead = conv1.over_sequence(at::constant_pad_nd(x, {0, 0, 0, kLookahead}));
  const at::Tensor hidden = at::constant_pad_nd(at::leaky_relu(ahead, 0.01), {0, 0, kLookback - context, 0});
  return conv2.over_sequence(hidden).add_(x.slice(1, context));
}

Upsample1D::Upsample1D(const Place& place, int64_t channels) : conv(place / "conv", channels, channels, 5) {}

at::Tensor Upsample1D::forward(const at::Tensor& x) const { return conv.forward(at::repeat_interleave(x, 2, 1)); }

UpsampleConformerEncoder::UpsampleConformerEncoder(const Place& place)
    : embed(place / "embed", kChannels),
      after_norm(place / "after_norm", kChannels),
      pre_lookahead_layer(place / "pre_lookahead_layer", kChannels),
      up_layer(place / "up_layer", kChannels),
      up_embed(place / "up_embed", kChannels) {
  for (int i = 0; i < 6; ++i) encoders.emplace_back(place / "encoders" / i);
  for (int i = 0; i < 4; ++i) up_encoders.emplace_back(place / "up_encoders" / i);
}

UpsampleConformerEncoder::Prompt UpsampleConformerEncoder::prompt(const at::Tensor& embedded) const {
  const at::Tensor x = embed.forward(embedded);
  const int64_t length = x.size(1), done = length >= kSeen ? length - kLookahead : 0;
  Prompt prompt;
  prompt.tail = (done > 0 ? x.slice(1, length - kSeen) : x).contiguous();
  prompt.done = pre_lookahead_layer.forward(x, 0).slice(1, 0, done).contiguous();
  return prompt;
}

at::Tensor UpsampleConformerEncoder::front(const Prompt& prompt, const at::Tensor& embedded) const {
  const at::Tensor x = at::cat({prompt.tail, embed.forward(embedded)}, 1);
  const int64_t context = prompt.done.size(1) > 0 ? kLookback : 0;
  return at::cat({prompt.done, pre_lookahead_layer.forward(x, context)}, 1);
}

at::Tensor UpsampleConformerEncoder::forward(at::Tensor x, const std::vector<int64_t>& lengths,
                                             const Watcher& watch) const {
  watch("pre_lookahead", x);
  const at::Tensor mask = padding_mask(lengths, x.size(1), x.options());
  for (const ConformerEncoderLayer& layer : encoders) x = layer.forward(x, mask);
  watch("encoders_out", x);
  x = up_layer.forward(x);
  watch("up_layer", x);
  x = up_embed.forward(x);
  std::vector<int64_t> doubled;
  for (const int64_t length : lengths) doubled.push_back(2 * length);
  const at::Tensor up_mask = padding_mask(doubled, x.size(1), x.options());
  for (const ConformerEncoderLayer& layer : up_encoders) {
    x = layer.forward(x, up_mask);
    watch("up_encoders", x);
  }
  x = after_norm.forward(x);
  watch("encoder_out", x);
  return x;
}

}  // namespace lectern::chatterbox::s3gen
