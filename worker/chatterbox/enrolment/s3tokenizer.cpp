#include "worker/chatterbox/enrolment/s3tokenizer.h"

#include <cmath>

#include "worker/chatterbox/enrolment/spectra.h"
#include "worker/chatterbox/s3gen/multi_head.h"

namespace lectern::chatterbox::enrolment {

namespace {

constexpr int64_t kBands = 128, kWindow = 400, kHop = 160, kFramesPerToken = 4;
constexpr int64_t kWidth = 1280, kHeads = 20, kHead = kWidth / kHeads, kInner = 4 * kWidth, kBlocks = 6;
constexpr int64_t kMemory = 31;  // frames that the memory block sees
constexpr int64_t kDigits = 8, kDigitBase = 3;
constexpr double kBelowOne = 0.9990000128746033;
const double kRotation = std::log(10000.0);

// cos and sin [T, 64] of the angles by which position turns the pair (i, i + 32).
std::pair<at::Tensor, at::Tensor> rotations(int64_t length) {
  const at::Tensor pair = at::arange(kHead / 2, at::kDouble) * (2.0 / kHead);
  const at::Tensor angle = at::arange(length, at::kDouble).unsqueeze(1) * (pair * -kRotation).exp();
  const at::Tensor both = at::cat({angle, angle}, 1);
  return {both.cos().to(at::kFloat), both.sin().to(at::kFloat)};
}

// x [1, T, H, 64]
at::Tensor rotated(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const auto halves = x.chunk(2, -1);
  return x * cos.unsqueeze(1) + at::cat({-halves[1], halves[0]}, -1) * sin.unsqueeze(1);
}

at::Tensor by_heads(const at::Tensor& x) { return x.view({1, x.size(1), kHeads, kHead}); }

}  // namespace

FSMNMultiHeadAttention::FSMNMultiHeadAttention(const s3gen::Place& place)
    : query(place / "query", kWidth, kWidth),
      key(place / "key", kWidth, kWidth, /*with_bias=*/false),
      value(place / "value", kWidth, kWidth),
      out(place / "out", kWidth, kWidth),
      fsmn_block((place / "fsmn_block").tensor("weight", {kWidth, 1, kMemory})) {}

at::Tensor FSMNMultiHeadAttention::forward(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) const {
  const at::Tensor q = rotated(by_heads(query.forward(x)), cos, sin) * (1 / std::sqrt(double(kHead)));
  const at::Tensor k = rotated(by_heads(key.forward(x)), cos, sin);
  const at::Tensor v = value.forward(x);
  const at::Tensor memory = at::conv1d(v.transpose(1, 2), fsmn_block, {}, 1, kMemory / 2, 1, kWidth).transpose(1, 2);
  const at::Tensor attended =
      s3gen::attend({q.transpose(1, 2), k.transpose(1, 2), by_heads(v).transpose(1, 2)}, {}, {});
  return out.forward(attended).add_(memory).add_(v);
}

ResidualAttentionBlock::ResidualAttentionBlock(const s3gen::Place& place)
    : attn(place / "attn"),
      attn_ln(place / "attn_ln", kWidth, /*eps=*/1e-6),
      mlp_0(place / "mlp" / 0, kWidth, kInner),
      mlp_2(place / "mlp" / 2, kInner, kWidth),
      mlp_ln(place / "mlp_ln", kWidth) {}

at::Tensor ResidualAttentionBlock::forward(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) const {
  const at::Tensor heard = x + attn.forward(attn_ln.forward(x), cos, sin);
  return mlp_2.forward(at::gelu(mlp_0.forward(mlp_ln.forward(heard)))).add_(heard);
}

S3Tokenizer::S3Tokenizer(const s3gen::Place& place)
    : mel_filters_(place.tensor("_mel_filters", {kBands, kWindow / 2 + 1}).to(at::kDouble)),
      window_(place.tensor("window", {kWindow}).to(at::kDouble)),
      conv1_(place / "encoder" / "conv1", kBands, kWidth, {.kernel = 3, .stride = 2, .padding = 1}),
      conv2_(place / "encoder" / "conv2", kWidth, kWidth, {.kernel = 3, .stride = 2, .padding = 1}),
      project_down_(place / "quantizer" / "_codebook" / "project_down", kWidth, kDigits) {
  for (int i = 0; i < kBlocks; ++i) blocks_.emplace_back(place / "encoder" / "blocks" / i);
}

at::Tensor S3Tokenizer::log_mel_spectrogram(const at::Tensor& wav) const {
  const at::Tensor power = power_spectra(mirrored(wav, kWindow / 2), window_, kHop);
  const at::Tensor mel = at::matmul(mel_filters_, power.slice(0, 0, power.size(0) - 1).t());
  const at::Tensor log = mel.clamp_min(1e-10).log10_();
  return ((at::maximum(log, log.max() - 8.0) + 4.0) / 4.0).to(at::kFloat);
}

at::Tensor S3Tokenizer::forward(const at::Tensor& wav, std::optional<int64_t> max_len,
                                const s3gen::Watcher& watch) const {
  at::Tensor mel = log_mel_spectrogram(wav);
  watch("log_mel", mel);
  if (max_len) mel = mel.slice(1, 0, *max_len * kFramesPerToken);
  at::Tensor x = at::gelu(conv2_.forward(at::gelu(conv1_.forward(mel.unsqueeze(0).contiguous()))));
  x = x.transpose(1, 2).contiguous();
  const auto [cos, sin] = rotations(x.size(1));
  for (const ResidualAttentionBlock& block : blocks_) x = block.forward(x, cos, sin);
  const at::Tensor down = project_down_.forward(x);
  watch("project_down", down);
  const at::Tensor digits = (at::tanh(down) * kBelowOne).round_().add_(1).to(at::kLong);
  std::vector<int64_t> places = {1};  // the first channel counts least
  while (places.size() < kDigits) places.push_back(places.back() * kDigitBase);
  return (digits * at::tensor(places, at::kLong)).sum(-1);
}

}  // namespace lectern::chatterbox::enrolment
