#include "worker/chatterbox/t3.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "config/fault.h"
#include "worker/weights/checkpoint_file.h"

namespace lectern::chatterbox {

namespace {

// Queries, keys and values of one matrix: [n, 3 dim] -> 3 x [heads, n, 64].
std::vector<at::Tensor> heads_of(const at::Tensor& qkv) {
  return qkv.view({qkv.size(0), 3, -1, kHeadSize}).permute({1, 2, 0, 3}).unbind(0);
}

at::Tensor softmax(const at::Tensor& scores) { return at::softmax(scores, -1, at::kFloat).to(scores.scalar_type()); }

}  // namespace

T3CondEnc::T3CondEnc(const Scope& scope, int64_t dim, const Arithmetic& arithmetic)
    : spkr_enc_weight((scope / "spkr_enc").tensor("weight", {dim, kSpeakerSize}).to(arithmetic.activations())),
      spkr_enc_bias((scope / "spkr_enc").tensor("bias", {dim}).to(arithmetic.activations())) {}

T3::T3(weights::State& state, const T3Size& size, std::unique_ptr<ThreadTeam> team, const Arithmetic& arithmetic)
    : size_(size),
      team_(std::move(team)),
      tfmr(state / "tfmr", size.n_layer, size.n_embd, arithmetic),
      cond_enc(state / "cond_enc", size.n_embd, arithmetic),
      text_emb((state / "text_emb").tensor("weight", {kTextTokens, size.n_embd}).to(arithmetic.activations())),
      speech_emb((state / "speech_emb").tensor("weight", {kSpeechTokens, size.n_embd}).to(arithmetic.activations())) {
  const Scope head = state / "speech_head";
  if (packed()) {
    speech_head = PackedMatrix(weights::brought_in(head.view("weight", {kSpeechTokens, size.n_embd})).t(),
                               head.tensor("bias", {kSpeechTokens}), arithmetic.type, *arithmetic.packers);
    head.check_finite("weight", speech_head.sum());
  } else {
    speech_head_weight = head.tensor("weight", {kSpeechTokens, size.n_embd}).to(arithmetic.type);
    speech_head_bias = head.tensor("bias", {kSpeechTokens}).to(arithmetic.type);
  }
}

std::unique_ptr<const T3> T3::load(const std::filesystem::path& folder, const T3Options& options) {
  if (std::filesystem::exists(folder / kTurbo.file) && std::filesystem::exists(folder / kNano.file)) {
    throw Fault(Exit::bad_input, folder.string() + ": has both " + kTurbo.file + " and " + kNano.file,
                "keep the one that belongs to the model, or pull the model again");
  }
  for (const T3Size& size : {kTurbo, kNano}) {
    if (std::filesystem::exists(folder / size.file))
      return load(weights::CheckpointFile(folder / size.file), size, options);
  }
  throw Fault(Exit::not_found, folder.string() + ": has neither " + kTurbo.file + " nor " + kNano.file,
              "fetch the model: lectern model pull chatterbox-turbo");
}

std::unique_ptr<const T3> T3::load(const weights::TensorSource& source, const T3Size& size, const T3Options& options) {
  const c10::InferenceMode inference;
  std::unique_ptr<ThreadTeam> team;
  if (options.packed && options.device.is_cpu()) team = std::make_unique<ThreadTeam>(options.threads);
  const bool packed_half = team != nullptr && options.type != at::kFloat;
  // Packing is mostly waiting for memory that the system clears first: two get it sooner, also for who decodes alone.
  const bool alone = team != nullptr && team->size() == 1;
  const std::unique_ptr<ThreadTeam> pair = alone ? std::make_unique<ThreadTeam>(2) : nullptr;
  const Arithmetic arithmetic{packed_half ? at::kHalf : options.type, team.get(), alone ? pair.get() : team.get()};
  weights::State state(source, options.device);
  // Part of the file and not of the network: it embeds text with text_emb, and text_head served the training.
  state.view("tfmr.wte.weight", {kTextTokens, size.n_embd});
  state.view("text_head.weight", {kTextTokens, size.n_embd});
  std::unique_ptr<const T3> model(new T3(state, size, std::move(team), arithmetic));
  state.finish();
  return model;
}

std::size_t T3::step_bytes() const {
  std::size_t bytes = speech_head.bytes();
  for (const GPT2Block& block : tfmr.h) {
    for (const Conv1D* part : {&block.attn.c_attn, &block.attn.c_proj, &block.mlp.c_fc, &block.mlp.c_proj}) {
      bytes += part->packed ? part->packed.bytes() : part->weight.nbytes();
    }
  }
  return packed() ? bytes : bytes + speech_head_weight.nbytes();
}

at::Tensor T3::prefix_embeds(const at::Tensor& speaker_emb, const at::Tensor& prompt) const {
  const at::TensorOptions options = speech_emb.options();
  const at::Tensor speaker =
      at::linear(speaker_emb.view({1, kSpeakerSize}).to(options), cond_enc.spkr_enc_weight, cond_enc.spkr_enc_bias);
  const at::Tensor spoken = prompt.is_floating_point() ? prompt.to(options).view({-1, size_.n_embd})
                                                       : at::embedding(speech_emb, prompt.flatten().to(device()));
  return at::cat({speaker, spoken});
}

at::Tensor T3::text_embeds(const std::vector<int64_t>& text_tokens) const {
  for (const int64_t token : text_tokens) {
    if (token < 0 || token >= kTextTokens) {
      throw Fault(Exit::bad_input, "text token " + std::to_string(token) + " is not one of the network's " +
                                       std::to_string(kTextTokens));
    }
  }
  const at::Tensor text = at::embedding(text_emb, at::tensor(text_tokens, at::kLong).to(device()));
  return at::cat({text, speech_emb.narrow(0, kStartSpeech, 1)});
}

// Reads positions in order behind a prefix (nullptr: from the beginning), storing keys and values [heads, n, 64] of
// each block -> the last block's rows.
at::Tensor T3::read(const at::Tensor& embeds, const VoicePrefix* prefix, std::vector<at::Tensor>& keys,
                    std::vector<at::Tensor>& values, const HiddenWatcher& watch) const {
  const int64_t count = embeds.size(0), before = prefix == nullptr ? 0 : prefix->length;
  // 0 where a position may look, -inf behind it.
  const at::Tensor mask = at::full({count, before + count}, -INFINITY, embeds.options()).triu(before + 1);
  const auto attend = [&](std::size_t block, const at::Tensor& qkv) {
    const auto parts = heads_of(qkv);
    keys[block].copy_(parts[1]);
    values[block].copy_(parts[2]);
    const at::Tensor k = before == 0 ? parts[1] : at::cat({prefix->keys[block], parts[1]}, 1);
    const at::Tensor v = before == 0 ? parts[2] : at::cat({prefix->values[block], parts[2]}, 1);
    const at::Tensor scores = at::baddbmm(mask, parts[0], k.transpose(1, 2), 1, 0.125);  // 1 / sqrt(64)
    return at::bmm(softmax(scores), v).transpose(0, 1).reshape({count, size_.n_embd});
  };
  return tfmr.forward(embeds + tfmr.wpe.narrow(0, before, count), attend, watch);
}

std::shared_ptr<const VoicePrefix> T3::prefix(const at::Tensor& speaker_emb, const at::Tensor& prompt) const {
  const c10::InferenceMode inference;
  const at::Tensor embeds = prefix_embeds(speaker_emb, prompt);
  auto prefix = std::make_shared<VoicePrefix>();
  prefix->length = embeds.size(0);
  if (prefix->length > GPT2Model::kPositions / 2) {
    throw Fault(Exit::bad_input, "the voice's prompt of " + std::to_string(prefix->length) + " tokens is too long");
  }
  for (int64_t i = 0; i < size_.n_layer; ++i) {
    prefix->keys.push_back(at::empty({size_.n_head(), prefix->length, kHeadSize}, embeds.options()));
    prefix->values.push_back(at::empty_like(prefix->keys.back()));
  }
  read(embeds, nullptr, prefix->keys, prefix->values, nullptr);
  return prefix;
}

KvCache T3::cache(int64_t slots, int64_t capacity, int64_t longest_prefix) const {
  const c10::InferenceMode inference;
  KvCache cache{
      .keys = {}, .values = {}, .slots = slots, .capacity = capacity, .prefix_room = packed() ? 0 : longest_prefix};
  const weights::Shape shape{slots, size_.n_head(), cache.prefix_room + capacity, kHeadSize};
  for (int64_t i = 0; i < size_.n_layer; ++i) {
    for (auto* half : {&cache.keys, &cache.values}) {
      // Padded rows are weighed with zero, which must not meet what is no number: devices get zeros.
      half->push_back(packed() ? at::empty(shape, speech_emb.options()) : at::zeros(shape, speech_emb.options()));
    }
  }
  return cache;
}

at::Tensor T3::prefill(DecodeRow& row, const std::vector<int64_t>& text_tokens, KvCache& cache,
                       const HiddenWatcher& watch) const {
  const c10::InferenceMode inference;
  const at::Tensor embeds = text_embeds(text_tokens);
  const int64_t count = embeds.size(0), prefix = row.prefix->length;
  if (count > cache.capacity || (cache.prefix_room > 0 && prefix > cache.prefix_room)) {
    throw Fault(Exit::bad_input, "a text of " + std::to_string(text_tokens.size()) + " tokens is too long");
  }
  const int64_t start = cache.prefix_room > 0 ? prefix : 0;
  std::vector<at::Tensor> keys, values;
  for (std::size_t i = 0; i < tfmr.h.size(); ++i) {
    const at::Tensor own_keys = cache.keys[i][row.slot], own_values = cache.values[i][row.slot];
    if (start > 0) {
      own_keys.narrow(1, 0, start).copy_(row.prefix->keys[i]);
      own_values.narrow(1, 0, start).copy_(row.prefix->values[i]);
    }
    keys.push_back(own_keys.narrow(1, start, count));
    values.push_back(own_values.narrow(1, start, count));
  }
  const at::Tensor hidden = read(embeds, row.prefix.get(), keys, values, watch);
  row.length = count;
  return logits(hidden.narrow(0, count - 1, 1)).squeeze(0);
}

at::Tensor T3::logits(const at::Tensor& hidden) const {
  if (packed()) return speech_head.multiply(hidden, Finish::store, *team_);
  return at::linear(hidden, speech_head_weight, speech_head_bias).to(at::kCPU, at::kFloat);
}

at::Tensor T3::step(std::vector<DecodeRow>& rows, KvCache& cache) const {
  const c10::InferenceMode inference;
  for (const DecodeRow& row : rows) {
    if (row.length >= cache.capacity || row.prefix->length + row.length >= GPT2Model::kPositions) {
      throw Fault(Exit::internal, "a row has outgrown its place of " + std::to_string(cache.capacity) + " positions");
    }
  }
  const at::Tensor result = packed() ? step_packed(rows, cache) : step_libtorch(rows, cache);
  for (DecodeRow& row : rows) ++row.length;
  return result;
}

at::Tensor T3::step_libtorch(const std::vector<DecodeRow>& rows, KvCache& cache) const {
  std::vector<int64_t> tokens, slots, places;
  int64_t longest = 0;
  for (const DecodeRow& row : rows) {
    tokens.push_back(row.token);
    slots.push_back(row.slot);
    places.push_back(row.prefix->length + row.length);
    longest = std::max(longest, places.back() + 1);
  }
  const auto indices = [&](const std::vector<int64_t>& values) { return at::tensor(values, at::kLong).to(device()); };
  const at::Tensor slot = indices(slots), place = indices(places);
  const at::Tensor behind =
      at::arange(longest, place.options()).unsqueeze(0).gt(place.unsqueeze(1));  // [rows, longest]
  const auto attend = [&](std::size_t block, const at::Tensor& qkv) {
    const auto parts = qkv.view({qkv.size(0), 3, -1, kHeadSize}).unbind(1);  // [rows, heads, 64]
    const auto seen = [&](std::vector<at::Tensor>& half, const at::Tensor& now) {
      half[block].index_put_({slot, at::indexing::Slice(), place}, now);
      return half[block].narrow(2, 0, longest).index_select(0, slot);
    };
    const at::Tensor k = seen(cache.keys, parts[1]), v = seen(cache.values, parts[2]);
    const at::Tensor scores =
        at::matmul(parts[0].unsqueeze(2) * 0.125, k.transpose(2, 3));  // [rows, heads, 1, longest]
    const at::Tensor weights = softmax(scores.masked_fill(behind.view({-1, 1, 1, longest}), -INFINITY));
    return at::matmul(weights, v).reshape({qkv.size(0), size_.n_embd});
  };
  const at::Tensor x = at::embedding(speech_emb, indices(tokens)) + at::embedding(tfmr.wpe, place);
  return logits(tfmr.forward(x, attend));
}

}  // namespace lectern::chatterbox
