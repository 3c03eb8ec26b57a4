// How it works: one step for all rows on a processor, in one task of the team. Each part of a layer (a product, the
// attention) is shared out among the members, who meet behind it; what is small (layer norms) every member computes for
// itself rather than wait once more.
#include <ATen/ATen.h>

#include "worker/chatterbox/t3.h"

namespace lectern::chatterbox {

namespace {

struct Activations {
  at::Tensor x, qkv, context, inner, logits;  // [rows, ...]
  std::vector<at::Tensor> normed, scores;     // of each member
};

}  // namespace

at::Tensor T3::step_packed(const std::vector<DecodeRow>& rows, KvCache& cache) const {
  const auto count = static_cast<int64_t>(rows.size());
  const int64_t dim = size_.n_embd, heads = size_.n_head();
  int64_t longest = 0;
  for (const DecodeRow& row : rows) longest = std::max(longest, row.prefix->length + row.length + 1);

  Activations a{.x = at::empty({count, dim}, at::kFloat),
                .qkv = at::empty({count, 3 * dim}, at::kFloat),
                .context = at::empty({count, dim}, at::kFloat),
                .inner = at::empty({count, 4 * dim}, at::kFloat),
                .logits = at::empty({count, kSpeechTokens}, at::kFloat),
                .normed = {},
                .scores = {}};
  for (int i = 0; i < team_->size(); ++i) {
    a.normed.push_back(at::empty({count, dim}, at::kFloat));
    a.scores.push_back(at::empty({longest + 64}, at::kFloat));
  }
  float* const x = a.x.data_ptr<float>();
  float* const qkv = a.qkv.data_ptr<float>();
  float* const context = a.context.data_ptr<float>();
  float* const inner = a.inner.data_ptr<float>();
  for (int64_t r = 0; r < count; ++r) {
    const DecodeRow& row = rows[static_cast<std::size_t>(r)];
    const float* const token = speech_emb.data_ptr<float>() + row.token * dim;
    const float* const place = tfmr.wpe.data_ptr<float>() + (row.prefix->length + row.length) * dim;
    for (int64_t i = 0; i < dim; ++i) x[r * dim + i] = token[i] + place[i];
  }

  const RowKernels& kernels = row_kernels();
  const auto norm = [&](const LayerNorm& layer, int member) {
    float* const normed = a.normed[static_cast<std::size_t>(member)].data_ptr<float>();
    for (int64_t r = 0; r < count; ++r) {
      kernels.layer_norm(x + r * dim, layer.weight.data_ptr<float>(), layer.bias.data_ptr<float>(), dim,
                         static_cast<float>(LayerNorm::kEps), normed + r * dim);
    }
    return normed;
  };
  // A member takes heads of neighbouring rows together, so that a shared prefix is read from memory once.
  const auto attend = [&](std::size_t block, int member) {
    const int64_t room = cache.capacity * kHeadSize;
    float* const scores = a.scores[static_cast<std::size_t>(member)].data_ptr<float>();
    const auto [first, last] = team_->part(member, heads * count);
    for (int64_t item = first; item < last; ++item) {
      const int64_t head = item / count, r = item % count;
      const DecodeRow& row = rows[static_cast<std::size_t>(r)];
      const int64_t own = (row.slot * heads + head) * room, earlier = head * row.prefix->length * kHeadSize;
      float* const keys = cache.keys[block].data_ptr<float>() + own;
      float* const values = cache.values[block].data_ptr<float>() + own;
      const float* const q = qkv + r * 3 * dim + head * kHeadSize;
      std::copy_n(q + dim, kHeadSize, keys + row.length * kHeadSize);
      std::copy_n(q + 2 * dim, kHeadSize, values + row.length * kHeadSize);
      kernels.attend(q,
                     {row.prefix->keys[block].data_ptr<float>() + earlier,
                      row.prefix->values[block].data_ptr<float>() + earlier, row.prefix->length},
                     {keys, values, row.length + 1}, scores, context + r * dim + head * kHeadSize);
    }
  };
  team_->run([&](int member) {
    for (std::size_t i = 0; i < tfmr.h.size(); ++i) {
      const GPT2Block& block = tfmr.h[i];
      block.attn.c_attn.packed.multiply(norm(block.ln_1, member), count, qkv, Finish::store, *team_, member);
      team_->meet();
      attend(i, member);
      team_->meet();
      block.attn.c_proj.packed.multiply(context, count, x, Finish::add, *team_, member);
      team_->meet();
      block.mlp.c_fc.packed.multiply(norm(block.ln_2, member), count, inner, Finish::gelu, *team_, member);
      team_->meet();
      block.mlp.c_proj.packed.multiply(inner, count, x, Finish::add, *team_, member);
      team_->meet();
    }
    speech_head.multiply(norm(tfmr.ln_f, member), count, a.logits.data_ptr<float>(), Finish::store, *team_, member);
  });
  return a.logits;
}

}  // namespace lectern::chatterbox
