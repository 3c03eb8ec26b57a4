#include "worker/kokoro/modules.h"

namespace lectern::kokoro {

namespace {

constexpr int64_t kTokens = 178, kHidden = 512, kStyle = 128, kDurationBins = 50;

at::Tensor with_style(const at::Tensor& x, const at::Tensor& style) {  // [1, T, C] -> [1, T, C + 128]
  return at::cat({x, style.unsqueeze(1).expand({x.size(0), x.size(1), style.size(1)})}, -1);
}

std::vector<AdainResBlk1d> tower(const Scope& scope) {
  std::vector<AdainResBlk1d> blocks;
  blocks.emplace_back(scope / 0, kHidden, kHidden, false);
  blocks.emplace_back(scope / 1, kHidden, kHidden / 2, true);
  blocks.emplace_back(scope / 2, kHidden / 2, kHidden / 2, false);
  return blocks;
}

}  // namespace

TextEncoderConv::TextEncoderConv(const Scope& scope)
    : conv(scope / 0, kHidden, kHidden, {.kernel = 5, .padding = 2}),
      gamma((scope / 1).tensor("gamma", {kHidden})),
      beta((scope / 1).tensor("beta", {kHidden})) {}

at::Tensor TextEncoderConv::forward(const at::Tensor& x) const {
  const at::Tensor normed = at::layer_norm(conv.forward(x).transpose(1, 2), {kHidden}, gamma, beta, 1e-5);
  return at::leaky_relu(normed.transpose(1, 2), 0.2);
}

TextEncoder::TextEncoder(const Scope& scope)
    : embedding(scope / "embedding", kTokens, kHidden), lstm(scope / "lstm", kHidden, kHidden / 2) {
  for (int i = 0; i < 3; ++i) cnn.emplace_back(scope / "cnn" / i);
}

at::Tensor TextEncoder::forward(const at::Tensor& input_ids) const {
  at::Tensor x = embedding.forward(input_ids).transpose(1, 2);
  for (const TextEncoderConv& block : cnn) x = block.forward(x);
  return lstm.forward(x.transpose(1, 2)).transpose(1, 2);
}

AdaLayerNorm::AdaLayerNorm(const Scope& scope) : fc(scope / "fc", kStyle, 2 * kHidden) {}

at::Tensor AdaLayerNorm::forward(const at::Tensor& x, const at::Tensor& style) const {
  const auto parts = fc.forward(style).chunk(2, 1);  // gamma, beta
  return at::layer_norm(x, {kHidden}, (parts[0] + 1).squeeze(0), parts[1].squeeze(0), 1e-5);
}

DurationEncoder::DurationEncoder(const Scope& scope) {
  for (int i = 0; i < 6; i += 2) {
    lstms.push_back(
        {LSTM(scope / "lstms" / i, kHidden + kStyle, kHidden / 2), AdaLayerNorm(scope / "lstms" / (i + 1))});
  }
}

at::Tensor DurationEncoder::forward(const at::Tensor& d_en, const at::Tensor& style) const {
  at::Tensor x = with_style(d_en.transpose(1, 2), style);
  for (const Block& block : lstms) x = with_style(block.norm.forward(block.lstm.forward(x), style), style);
  return x;
}

ProsodyPredictor::ProsodyPredictor(const Scope& scope)
    : text_encoder(scope / "text_encoder"),
      lstm(scope / "lstm", kHidden + kStyle, kHidden / 2),
      linear_layer(scope / "duration_proj" / "linear_layer", kHidden, kDurationBins),
      shared(scope / "shared", kHidden + kStyle, kHidden / 2),
      F0(tower(scope / "F0")),
      N(tower(scope / "N")),
      F0_proj(scope / "F0_proj", kHidden / 2, 1, {}),
      N_proj(scope / "N_proj", kHidden / 2, 1, {}) {}

at::Tensor ProsodyPredictor::duration(const at::Tensor& d, double speed) const {
  return at::sigmoid(linear_layer.forward(lstm.forward(d))).sum(-1) / speed;
}

ProsodyPredictor::Curves ProsodyPredictor::F0Ntrain(const at::Tensor& en, const at::Tensor& style) const {
  const at::Tensor x = shared.forward(en.transpose(1, 2)).transpose(1, 2);
  const auto curve = [&](const std::vector<AdainResBlk1d>& blocks, const Conv1d& projection) {
    at::Tensor y = x;
    for (const AdainResBlk1d& block : blocks) y = block.forward(y, style);
    return projection.forward(y).squeeze(1);
  };
  return {curve(F0, F0_proj), curve(N, N_proj)};
}

}  // namespace lectern::kokoro
