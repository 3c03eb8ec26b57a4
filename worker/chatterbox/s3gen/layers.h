// The layers that S3Gen is made of: each asks for its tensors when it is made and is immutable after.
// Member name = checkpoint key. "Sequences" are [batch, time, channels], "signals" [batch, channels, time].
#pragma once

#include <ATen/ATen.h>

#include "worker/weights/state.h"

namespace lectern::chatterbox::s3gen {

// A place in the tree of names, and the type that the layers there compute in.
struct Place {
  weights::Scope scope;
  at::ScalarType type = at::kFloat;
  template <typename Name>
  Place operator/(const Name& name) const {
    return {scope / name, type};
  }
  at::Tensor tensor(const std::string& name, at::IntArrayRef shape) const { return scope.tensor(name, shape).to(type); }
};

// x weight^T + bias for x [..., in] and weight [out, in]; bias may be undefined. On the processor through oneDNN, which
// is up to twice as fast as OpenBLAS there and uses all threads.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

struct Linear {
  at::Tensor weight, bias;
  Linear(at::Tensor weight, at::Tensor bias) : weight(std::move(weight)), bias(std::move(bias)) {}
  Linear(const Place& place, int64_t in, int64_t out, bool with_bias = true)
      : weight(place.tensor("weight", {out, in})), bias(with_bias ? place.tensor("bias", {out}) : at::Tensor()) {}
  at::Tensor forward(const at::Tensor& x) const { return product(x, weight, bias); }
};

// Several layers with the same input as one product; their results lie side by side.
Linear joined(const Place& place, std::initializer_list<Linear> layers);

struct LayerNorm {
  at::Tensor weight, bias;
  double eps;
  LayerNorm(const Place& place, int64_t channels, double eps = 1e-5)
      : weight(place.tensor("weight", {channels})), bias(place.tensor("bias", {channels})), eps(eps) {}
  at::Tensor forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, eps); }
};

struct Embedding {
  at::Tensor weight;
  Embedding(const Place& place, int64_t rows, int64_t channels) : weight(place.tensor("weight", {rows, channels})) {}
  at::Tensor forward(const at::Tensor& ids) const { return at::embedding(weight, ids); }
};

struct ConvShape {
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;
};

struct Conv1d {
  at::Tensor weight, bias;
  ConvShape shape;
  Conv1d(const Place& place, int64_t in, int64_t out, ConvShape shape)
      : weight(place.tensor("weight", {out, in, shape.kernel})), bias(place.tensor("bias", {out})), shape(shape) {}
  // A signal.
  at::Tensor forward(const at::Tensor& x) const {
    return at::conv1d(x, weight, bias, shape.stride, shape.padding, shape.dilation);
  }
  // A sequence; the result has padding frames more on each side, as shape.padding says.
  at::Tensor over_sequence(const at::Tensor& x) const;
};

// Sees only frames up to its own: kernel - 1 zeros on the left. Sequences.
struct CausalConv1d : Conv1d {
  CausalConv1d(const Place& place, int64_t in, int64_t out, int64_t kernel)
      : Conv1d(place, in, out, {.kernel = kernel, .padding = kernel - 1}) {}
  at::Tensor forward(const at::Tensor& x) const { return over_sequence(x).narrow(1, 0, x.size(1)); }
};

struct ConvTranspose1d {
  at::Tensor weight, bias;
  ConvShape shape;
  ConvTranspose1d(const Place& place, int64_t in, int64_t out, ConvShape shape)
      : weight(place.tensor("weight", {in, out, shape.kernel})), bias(place.tensor("bias", {out})), shape(shape) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::conv_transpose1d(x, weight, bias, shape.stride, shape.padding);
  }
};

// x * tanh(softplus(x))
at::Tensor fast_mish(const at::Tensor& x);

}  // namespace lectern::chatterbox::s3gen
