#include "worker/chatterbox/s3gen/flow.h"

#include <algorithm>

#include "worker/chatterbox/s3gen/multi_head.h"

namespace lectern::chatterbox::s3gen {

namespace {

constexpr int64_t kChannels = 512, kSpeaker = 192;

// [length, C] each -> [B, longest, C] with zeros behind.
at::Tensor padded(const std::vector<at::Tensor>& rows, int64_t longest) {
  std::vector<at::Tensor> equal;
  for (const at::Tensor& row : rows) equal.push_back(at::constant_pad_nd(row, {0, 0, 0, longest - row.size(0)}));
  return at::stack(equal);
}

}  // namespace

CausalMaskedDiffWithXvec::CausalMaskedDiffWithXvec(const Place& place)
    : input_embedding(place / "input_embedding", kSpeechTokens, kChannels),
      spk_embed_affine_layer(place / "spk_embed_affine_layer", kSpeaker, kMelBands),
      encoder(place / "encoder"),
      encoder_proj(place / "encoder_proj", kChannels, kMelBands),
      decoder(place / "decoder") {}

CausalMaskedDiffWithXvec::Prompt CausalMaskedDiffWithXvec::prompt(const at::Tensor& token, const at::Tensor& feat,
                                                                  const at::Tensor& embedding) const {
  const at::TensorOptions options = input_embedding.weight.options();
  const at::Tensor direction = embedding.to(at::kFloat) / embedding.to(at::kFloat).norm().clamp_min(1e-12);
  return {.tokens = token.size(0),
          .front = encoder.prompt(input_embedding.forward(token.to(options.device()).unsqueeze(0))),
          .feat = feat.to(options),
          .spks = spk_embed_affine_layer.forward(direction.to(options).unsqueeze(0))};
}

std::vector<at::Tensor> CausalMaskedDiffWithXvec::inference(std::span<const Row> rows, const Watcher& watch) const {
  std::vector<at::Tensor> fronts, speakers, conditions, noise;
  std::vector<int64_t> tokens, lengths;
  int64_t longest = 0;
  for (const Row& row : rows) {
    const at::Tensor ids = row.token.to(input_embedding.weight.device()).unsqueeze(0);
    fronts.push_back(encoder.front(row.prompt->front, input_embedding.forward(ids))[0]);
    speakers.push_back(row.prompt->spks);
    tokens.push_back(fronts.back().size(0));
    lengths.push_back(kFramesPerToken * tokens.back());
    longest = std::max(longest, lengths.back());
  }
  for (const Row& row : rows) {
    conditions.push_back(row.prompt->feat);
    noise.push_back(row.z.to(input_embedding.weight.device()));
  }
  const at::Tensor encoded = encoder.forward(padded(fronts, longest / kFramesPerToken), tokens, watch);
  const at::Tensor mu = encoder_proj.forward(encoded), spks = at::cat(speakers);
  watch("mu", mu);
  watch("spks", spks);
  const at::Tensor mask = padding_mask(lengths, longest, mu.options());
  const at::Tensor mel = decoder.forward(padded(noise, longest), mu, spks, padded(conditions, longest), mask, watch);
  std::vector<at::Tensor> results;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    results.push_back(mel[int64_t(i)].slice(0, rows[i].prompt->feat.size(0), lengths[i]));
  }
  return results;
}

}  // namespace lectern::chatterbox::s3gen
