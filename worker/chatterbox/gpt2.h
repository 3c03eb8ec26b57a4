// The GPT-2 backbone without its token embedding (reference: transformers' GPT2Model as T3 calls it).
//
// Rows are positions: [n, dim]. The caller brings the attention, which is where a prefix, a prompt and rows at
// different positions differ. Immutable; call inside c10::InferenceMode.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "worker/chatterbox/packed_matrix.h"
#include "worker/weights/state.h"

namespace lectern::chatterbox {

using weights::Scope;

// What the network computes with: packed matrices and a team of threads (a processor), or libtorch's own products.
struct Arithmetic {
  at::ScalarType type = at::kFloat;  // of the weights; what is computed from packed ones is float32 all the same
  ThreadTeam* team = nullptr;        // nullptr: libtorch
  ThreadTeam* packers = nullptr;     // who packs the matrices, as long as the network is made; with a team only
  at::ScalarType activations() const { return team != nullptr ? at::kFloat : type; }
};

// A product whose weight is stored [in, out]; so the reference calls it.
struct Conv1D {
  at::Tensor weight, bias;  // unset when packed
  PackedMatrix packed;
  ThreadTeam* team;
  Conv1D(const Scope& scope, int64_t in, int64_t out, const Arithmetic& arithmetic);
  at::Tensor forward(const at::Tensor& x, Finish finish = Finish::store) const;  // store or gelu
};

struct LayerNorm {
  at::Tensor weight, bias;
  static constexpr double kEps = 1e-5;
  LayerNorm(const Scope& scope, int64_t channels, const Arithmetic& arithmetic);
  at::Tensor forward(const at::Tensor& x) const;
};

struct GPT2Attention {
  Conv1D c_attn, c_proj;
  GPT2Attention(const Scope& scope, int64_t dim, const Arithmetic& arithmetic);
};

struct GPT2MLP {
  Conv1D c_fc, c_proj;
  GPT2MLP(const Scope& scope, int64_t dim, const Arithmetic& arithmetic);
};

struct GPT2Block {
  LayerNorm ln_1;
  GPT2Attention attn;
  LayerNorm ln_2;
  GPT2MLP mlp;
  GPT2Block(const Scope& scope, int64_t dim, const Arithmetic& arithmetic);
};

// (block, [n, 3 dim] queries, keys and values) -> [n, dim]
using Attend = std::function<at::Tensor(std::size_t block, const at::Tensor& qkv)>;
using HiddenWatcher = std::function<void(const at::Tensor& hidden)>;

struct GPT2Model {
  at::Tensor wpe;  // wpe.weight [8196, dim]
  std::vector<GPT2Block> h;
  LayerNorm ln_f;
  GPT2Model(const Scope& scope, int64_t layers, int64_t dim, const Arithmetic& arithmetic);

  static constexpr int64_t kPositions = 8196;
  // inputs_embeds [n, dim] with the positions' rows of wpe added. The watcher is told the input, what each block but
  // the last gives, and the result.
  at::Tensor forward(at::Tensor x, const Attend& attend, const HiddenWatcher& watch = nullptr) const;
};

}  // namespace lectern::chatterbox
