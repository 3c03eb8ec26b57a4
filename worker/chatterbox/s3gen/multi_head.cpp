#include "worker/chatterbox/s3gen/multi_head.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <limits>

#include "worker/chatterbox/s3gen/layers.h"

namespace lectern::chatterbox::s3gen {

namespace {

constexpr int64_t kQueries = 256;  // their scores stay near the processor, and calls are few

// Row i of `raw` [.., c, T + c - 1] holds the products with the positions of distances from `last query` down; entry
// [i, j] of the result is raw[i, c - 1 - i + j], which is a view with rows one shorter.
at::Tensor shifted(const at::Tensor& raw, int64_t keys) {
  auto sizes = raw.sizes().vec(), strides = raw.strides().vec();
  const int64_t queries = sizes[sizes.size() - 2];
  sizes.back() = keys;
  strides[strides.size() - 2] -= 1;
  return raw.as_strided(sizes, strides, raw.storage_offset() + queries - 1);
}

at::Tensor whole(const Heads& heads, const PositionTerm& position, const at::Tensor& mask) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)  // takes a scale since 2.1
  if (!position.q.defined()) {
    const auto bias = mask.defined() ? c10::optional<at::Tensor>(mask) : c10::nullopt;
    return at::scaled_dot_product_attention(heads.q, heads.k, heads.v, bias, 0.0, false, 1.0)
        .transpose(1, 2)
        .flatten(2);
  }
#endif
  at::Tensor scores = at::matmul(heads.q, heads.k.transpose(2, 3));
  if (position.q.defined()) {
    const at::Tensor raw = at::matmul(position.q, position.positions.transpose(1, 2));
    scores.add_(shifted(raw, heads.k.size(2)));
  }
  if (mask.defined()) scores.add_(mask);
  return at::matmul(at::softmax(scores, -1), heads.v).transpose(1, 2).flatten(2);
}

// One row on the processor: a head and a block of queries at a time, shared among the threads.
at::Tensor in_blocks(const Heads& heads, const PositionTerm& position) {
  const int64_t count = heads.q.size(1), length = heads.q.size(2), width = heads.q.size(3);
  const at::Tensor k = heads.k[0].contiguous(), v = heads.v[0].transpose(1, 2).contiguous();
  const at::Tensor out = at::empty({1, length, count, width}, heads.q.options());
  const int64_t blocks = (length + kQueries - 1) / kQueries;
  at::parallel_for(0, count * blocks, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode inference;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t head = task / blocks, from = task % blocks * kQueries, to = std::min(from + kQueries, length);
      const auto queries = [&](const at::Tensor& q) { return q[0][head].slice(0, from, to); };
      at::Tensor scores = product(queries(heads.q), k[head]);
      if (position.q.defined()) {
        const at::Tensor near = position.positions[head].slice(0, length - to, 2 * length - 1 - from);
        scores.add_(shifted(product(queries(position.q), near), length));
      }
      out[0].slice(0, from, to).select(1, head).copy_(product(at::softmax(scores, -1), v[head]));
    }
  });
  return out.flatten(2);
}

}  // namespace

at::Tensor attend(const Heads& heads, const PositionTerm& position, const at::Tensor& mask) {
  if (heads.q.is_cpu() && heads.q.size(0) == 1 && !mask.defined()) return in_blocks(heads, position);
  return whole(heads, position, mask);
}

at::Tensor padding_mask(const std::vector<int64_t>& lengths, int64_t longest, const at::TensorOptions& options) {
  at::Tensor mask = at::zeros({int64_t(lengths.size()), 1, 1, longest}, at::kFloat);
  bool padded = false;
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    if (lengths[row] == longest) continue;
    padded = true;
    mask[row].slice(2, lengths[row]).fill_(-std::numeric_limits<float>::infinity());
  }
  return padded ? mask.to(options) : at::Tensor();
}

}  // namespace lectern::chatterbox::s3gen
