// The layers that the network is made of: each asks a Scope for its tensors when it is made and is immutable after.
// Member name = checkpoint key. Sequences are [batch, time, channels], signals [batch, channels, time].
#pragma once

#include <ATen/ATen.h>

#include "worker/weights/state.h"

namespace lectern::kokoro {

using weights::Scope;

struct Linear {
  at::Tensor weight, bias;
  Linear(const Scope& scope, int64_t in, int64_t out)
      : weight(scope.tensor("weight", {out, in})), bias(scope.tensor("bias", {out})) {}
  at::Tensor forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }
};

struct LayerNorm {
  at::Tensor weight, bias;
  double eps;
  LayerNorm(const Scope& scope, int64_t channels, double eps)
      : weight(scope.tensor("weight", {channels})), bias(scope.tensor("bias", {channels})), eps(eps) {}
  at::Tensor forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, eps); }
};

struct Embedding {
  at::Tensor weight;
  Embedding(const Scope& scope, int64_t rows, int64_t channels) : weight(scope.tensor("weight", {rows, channels})) {}
  at::Tensor forward(const at::Tensor& ids) const { return at::embedding(weight, ids); }
};

struct ConvShape {
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1, output_padding = 0, groups = 1;
  bool bias = true;
};

struct Conv1d {
  at::Tensor weight, bias;
  ConvShape shape;
  Conv1d(const Scope& scope, int64_t in, int64_t out, ConvShape shape)
      : weight(scope.tensor("weight", {out, in / shape.groups, shape.kernel})),
        bias(shape.bias ? scope.tensor("bias", {out}) : at::Tensor()),
        shape(shape) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::conv1d(x, weight, bias, shape.stride, shape.padding, shape.dilation, shape.groups);
  }
  // Computes in that type from now on; inputs must come in it.
  void convert(at::ScalarType type) { weight = weight.to(type), bias = bias.to(type); }
};

struct ConvTranspose1d {
  at::Tensor weight, bias;
  ConvShape shape;
  ConvTranspose1d(const Scope& scope, int64_t in, int64_t out, ConvShape shape)
      : weight(scope.tensor("weight", {in, out / shape.groups, shape.kernel})),
        bias(scope.tensor("bias", {out})),
        shape(shape) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::conv_transpose1d(x, weight, bias, shape.stride, shape.padding, shape.output_padding, shape.groups,
                                shape.dilation);
  }
};

// One bidirectional layer; [1, time, in] -> [1, time, 2 * hidden].
struct LSTM {
  std::vector<at::Tensor> parameters;  // weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same _reverse
  int64_t hidden;
  LSTM(const Scope& scope, int64_t in, int64_t hidden);
  at::Tensor forward(const at::Tensor& x) const;
};

}  // namespace lectern::kokoro
