// The ALBERT encoder that reads the phonemes (reference: CustomAlbert in modules.py, transformers' AlbertModel).
#pragma once

#include "worker/kokoro/layers.h"

namespace lectern::kokoro {

struct AlbertEmbeddings {
  Embedding word_embeddings, position_embeddings, token_type_embeddings;
  LayerNorm layer_norm;  // key LayerNorm
  explicit AlbertEmbeddings(const Scope& scope);
  at::Tensor forward(const at::Tensor& input_ids) const;  // [1, T] -> [1, T, 128]
};

struct AlbertAttention {
  Linear query, key, value, dense;
  LayerNorm layer_norm;  // key LayerNorm
  explicit AlbertAttention(const Scope& scope);
  at::Tensor forward(const at::Tensor& hidden_states) const;
};

struct AlbertLayer {
  LayerNorm full_layer_layer_norm;
  AlbertAttention attention;
  Linear ffn, ffn_output;
  explicit AlbertLayer(const Scope& scope);
  at::Tensor forward(const at::Tensor& hidden_states) const;
};

struct CustomAlbert {
  AlbertEmbeddings embeddings;
  Linear embedding_hidden_mapping_in;  // under encoder.
  AlbertLayer albert_layer;            // encoder.albert_layer_groups.0.albert_layers.0, applied twelve times
  explicit CustomAlbert(const Scope& scope);
  at::Tensor forward(const at::Tensor& input_ids) const;  // [1, T] int64 -> [1, T, 768]
};

}  // namespace lectern::kokoro
