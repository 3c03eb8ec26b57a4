#include "worker/chatterbox/gpt2.h"

#include <ATen/ATen.h>

namespace lectern::chatterbox {

Conv1D::Conv1D(const Scope& scope, int64_t in, int64_t out, const Arithmetic& arithmetic) : team(arithmetic.team) {
  if (team != nullptr) {
    packed = PackedMatrix(scope.view("weight", {in, out}), scope.tensor("bias", {out}), arithmetic.type,
                          *arithmetic.packers);
    scope.check_finite("weight", packed.sum());
  } else {
    weight = scope.tensor("weight", {in, out}).to(arithmetic.type);
    bias = scope.tensor("bias", {out}).to(arithmetic.type);
  }
}

at::Tensor Conv1D::forward(const at::Tensor& x, Finish finish) const {
  if (packed) return packed.multiply(x, finish, *team);
  const at::Tensor y = at::addmm(bias, x, weight);
  return finish == Finish::gelu ? at::gelu(y, "tanh") : y;
}

LayerNorm::LayerNorm(const Scope& scope, int64_t channels, const Arithmetic& arithmetic)
    : weight(scope.tensor("weight", {channels}).to(arithmetic.activations())),
      bias(scope.tensor("bias", {channels}).to(arithmetic.activations())) {}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, kEps);
}

GPT2Attention::GPT2Attention(const Scope& scope, int64_t dim, const Arithmetic& arithmetic)
    : c_attn(scope / "c_attn", dim, 3 * dim, arithmetic), c_proj(scope / "c_proj", dim, dim, arithmetic) {}

GPT2MLP::GPT2MLP(const Scope& scope, int64_t dim, const Arithmetic& arithmetic)
    : c_fc(scope / "c_fc", dim, 4 * dim, arithmetic), c_proj(scope / "c_proj", 4 * dim, dim, arithmetic) {}

GPT2Block::GPT2Block(const Scope& scope, int64_t dim, const Arithmetic& arithmetic)
    : ln_1(scope / "ln_1", dim, arithmetic),
      attn(scope / "attn", dim, arithmetic),
      ln_2(scope / "ln_2", dim, arithmetic),
      mlp(scope / "mlp", dim, arithmetic) {}

GPT2Model::GPT2Model(const Scope& scope, int64_t layers, int64_t dim, const Arithmetic& arithmetic)
    : wpe((scope / "wpe").tensor("weight", {kPositions, dim}).to(arithmetic.activations())),
      ln_f(scope / "ln_f", dim, arithmetic) {
  h.reserve(static_cast<std::size_t>(layers));
  for (int64_t i = 0; i < layers; ++i) h.emplace_back(scope / "h" / static_cast<int>(i), dim, arithmetic);
}

at::Tensor GPT2Model::forward(at::Tensor x, const Attend& attend, const HiddenWatcher& watch) const {
  for (std::size_t i = 0; i < h.size(); ++i) {
    const GPT2Block& block = h[i];
    if (watch) watch(x);
    x = x + block.attn.c_proj.forward(attend(i, block.attn.c_attn.forward(block.ln_1.forward(x))));
    x = x + block.mlp.c_proj.forward(block.mlp.c_fc.forward(block.ln_2.forward(x), Finish::gelu));
  }
  x = ln_f.forward(x);
  if (watch) watch(x);
  return x;
}

}  // namespace lectern::chatterbox
