#include "worker/kokoro/albert.h"

#include <cmath>

namespace lectern::kokoro {

namespace {
constexpr int64_t kEmbedding = 128, kHidden = 768, kInner = 2048, kHeads = 12, kLayers = 12;
constexpr int64_t kTokens = 178, kPositions = 512;
constexpr double kEps = 1e-12;
}  // namespace

AlbertEmbeddings::AlbertEmbeddings(const Scope& scope)
    : word_embeddings(scope / "word_embeddings", kTokens, kEmbedding),
      position_embeddings(scope / "position_embeddings", kPositions, kEmbedding),
      token_type_embeddings(scope / "token_type_embeddings", 2, kEmbedding),
      layer_norm(scope / "LayerNorm", kEmbedding, kEps) {}

at::Tensor AlbertEmbeddings::forward(const at::Tensor& input_ids) const {
  const at::Tensor positions = position_embeddings.weight.slice(0, 0, input_ids.size(1));
  return layer_norm.forward(word_embeddings.forward(input_ids) + token_type_embeddings.weight[0] + positions);
}

AlbertAttention::AlbertAttention(const Scope& scope)
    : query(scope / "query", kHidden, kHidden),
      key(scope / "key", kHidden, kHidden),
      value(scope / "value", kHidden, kHidden),
      dense(scope / "dense", kHidden, kHidden),
      layer_norm(scope / "LayerNorm", kHidden, kEps) {}

at::Tensor AlbertAttention::forward(const at::Tensor& hidden_states) const {
  const int64_t batch = hidden_states.size(0), length = hidden_states.size(1), size = kHidden / kHeads;
  const auto heads = [&](const Linear& linear) {  // [batch, heads, T, size]
    return linear.forward(hidden_states).view({batch, length, kHeads, size}).transpose(1, 2);
  };
  const at::Tensor scores = at::matmul(heads(query), heads(key).transpose(-1, -2)) / std::sqrt(double(size));
  const at::Tensor context = at::matmul(at::softmax(scores, -1), heads(value));
  const at::Tensor joined = context.transpose(1, 2).reshape({batch, length, kHidden});
  return layer_norm.forward(hidden_states + dense.forward(joined));
}

AlbertLayer::AlbertLayer(const Scope& scope)
    : full_layer_layer_norm(scope / "full_layer_layer_norm", kHidden, kEps),
      attention(scope / "attention"),
      ffn(scope / "ffn", kHidden, kInner),
      ffn_output(scope / "ffn_output", kInner, kHidden) {}

at::Tensor AlbertLayer::forward(const at::Tensor& hidden_states) const {
  const at::Tensor attended = attention.forward(hidden_states);
  const at::Tensor inner = at::gelu(ffn.forward(attended), "tanh");
  return full_layer_layer_norm.forward(ffn_output.forward(inner) + attended);
}

CustomAlbert::CustomAlbert(const Scope& scope)
    : embeddings(scope / "embeddings"),
      embedding_hidden_mapping_in(scope / "encoder" / "embedding_hidden_mapping_in", kEmbedding, kHidden),
      albert_layer(scope / "encoder" / "albert_layer_groups" / 0 / "albert_layers" / 0) {}

at::Tensor CustomAlbert::forward(const at::Tensor& input_ids) const {
  at::Tensor x = embedding_hidden_mapping_in.forward(embeddings.forward(input_ids));
  for (int64_t i = 0; i < kLayers; ++i) x = albert_layer.forward(x);
  return x;
}

}  // namespace lectern::kokoro
