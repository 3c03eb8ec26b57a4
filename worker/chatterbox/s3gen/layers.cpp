#include "worker/chatterbox/s3gen/layers.h"

#include <cstring>

namespace lectern::chatterbox::s3gen {

namespace {

constexpr int64_t kFewRows = 8;  // below, the call costs more than it saves

bool by_onednn(const at::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && at::hasMKLDNN() && x.numel() >= kFewRows * x.size(-1);
}

// A sequence [B, T, C] as an image [B, C, 1, T] whose channels lie together, without a copy.
at::Tensor as_image(const at::Tensor& x) { return x.contiguous().unsqueeze(1).permute({0, 3, 1, 2}); }
at::Tensor as_sequence(const at::Tensor& image) { return image.permute({0, 2, 3, 1}).squeeze(1).contiguous(); }

at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding) {
  const auto optional_bias = bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt;
  const int64_t padding2d[] = {0, padding}, ones[] = {1, 1};
  return as_sequence(at::mkldnn_convolution(as_image(x), weight, optional_bias, padding2d, ones, ones, /*groups=*/1));
}

}  // namespace

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!by_onednn(x)) return at::linear(x, weight, bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt);
  const int64_t in = weight.size(1), out = weight.size(0);
  auto shape = x.sizes().vec();
  shape.back() = out;
  return convolved(x.reshape({1, -1, in}), weight.contiguous().view({out, in, 1, 1}), bias, 0).view(shape);
}

Linear joined(const Place& place, std::initializer_list<Linear> layers) {
  std::vector<at::Tensor> biases;
  int64_t out = 0;
  for (const Linear& layer : layers) {
    out += layer.weight.size(0);
    if (layer.bias.defined()) biases.push_back(layer.bias);
  }
  const at::Tensor& first = layers.begin()->weight;
  const at::Tensor weight = place.scope.room().empty({out, first.size(1)}, first.options());
  int64_t row = 0;
  for (const Linear& layer : layers) {
    const at::Tensor rows = weight.narrow(0, row, layer.weight.size(0));
    if (rows.is_cpu() && layer.weight.is_contiguous()) {  // too little to wake threads for
      std::memcpy(rows.data_ptr(), layer.weight.data_ptr(), rows.nbytes());
    } else {
      rows.copy_(layer.weight);
    }
    row += rows.size(0);
  }
  return {weight, biases.empty() ? at::Tensor() : at::cat(biases)};
}

at::Tensor Conv1d::over_sequence(const at::Tensor& x) const {
  if (by_onednn(x) && shape.stride == 1 && shape.dilation == 1) {
    return convolved(x, weight.unsqueeze(2), bias, shape.padding);
  }
  return forward(x.transpose(1, 2)).transpose(1, 2);
}

at::Tensor fast_mish(const at::Tensor& x) {
  if (x.scalar_type() != at::kFloat) return at::mish(x);
  // tanh(log(1 + e)) = n / (n + 2) with e = exp(x), n = e (e + 2): one transcendental function instead of three. Above
  // 20 the quotient is 1 in float32.
  const at::Tensor e = at::clamp_max(x, 20).exp_();
  const at::Tensor n = (e + 2).mul_(e);
  return at::mul(x, n).div_(n + 2);
}

}  // namespace lectern::chatterbox::s3gen
