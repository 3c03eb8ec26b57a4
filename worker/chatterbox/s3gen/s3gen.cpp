#include "worker/chatterbox/s3gen/s3gen.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "config/fault.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/chatterbox/s3gen/noise.h"
#include "worker/weights/checkpoint_file.h"

namespace lectern::chatterbox::s3gen {

namespace {

constexpr double kMostPadding = 1.15;  // rows go together while the longest is at most that much longer

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Fault(Exit::bad_input, "voice '" + name + "': " + what, "make the voice again");
}

// Without the leading dimension of 1; refused unless it then has `dimensions`.
at::Tensor unbatched(const at::Tensor& tensor, int64_t dimensions, const std::string& name, const char* field) {
  if (!tensor.defined()) refuse(name, std::string("has no ") + field);
  const at::Tensor inner = tensor.dim() == dimensions + 1 && tensor.size(0) == 1 ? tensor[0] : tensor;
  if (inner.dim() != dimensions || inner.numel() == 0) {
    refuse(name, std::string(field) + " has the shape " + weights::shape_text(tensor.sizes()));
  }
  if (!at::isfinite(inner).all().item<bool>()) refuse(name, std::string(field) + " holds values that are not numbers");
  return inner;
}

at::Tensor token_tensor(const std::vector<int64_t>& tokens) {
  if (tokens.empty()) throw Fault(Exit::bad_input, "no speech tokens");
  for (const int64_t token : tokens) {
    if (token < 0 || token >= kSpeechTokens) {
      throw Fault(Exit::bad_input,
                  "speech token " + std::to_string(token) + " is not in 0.." + std::to_string(kSpeechTokens - 1));
    }
  }
  return at::tensor(tokens, at::kLong);
}

// A mel spectrogram [F, 80] with fewer or more frames, between which the bands go straight.
at::Tensor at_speed(const at::Tensor& mel, double speed) {
  if (speed == 1) return mel;
  if (!(speed >= 0.25 && speed <= 4)) {
    throw Fault(Exit::bad_input, "speed " + std::to_string(speed) + " is outside 0.25 to 4");
  }
  const auto frames = std::max<int64_t>(1, std::llround(static_cast<double>(mel.size(0)) / speed));
  return at::upsample_linear1d(mel.t().unsqueeze(0), {frames}, /*align_corners=*/false)[0].t();
}

using Row = CausalMaskedDiffWithXvec::Row;

// Places in `rows` that are computed together, the shortest first.
std::vector<std::vector<std::size_t>> groups_of(const std::vector<Row>& rows, std::size_t most) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto length = [&](std::size_t i) { return double(rows[i].z.size(0)); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) < length(b); });
  std::vector<std::vector<std::size_t>> groups;
  for (const std::size_t i : order) {
    const bool fits =
        !groups.empty() && groups.back().size() < most && length(i) <= kMostPadding * length(groups.back().front());
    if (!fits) groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

}  // namespace

S3Token2Wav::S3Token2Wav(weights::State& state, const Options& options)
    : flow({state / "flow", options.flow}),
      mel2wav({state / "mel2wav"}),
      device_(options.device),
      rows_together_(std::max<std::size_t>(1, options.rows_together)) {}

std::unique_ptr<const S3Token2Wav> S3Token2Wav::load(const std::filesystem::path& folder, const Options& options) {
  return load(weights::CheckpointFile(folder / kCheckpointName), options);
}

std::unique_ptr<const S3Token2Wav> S3Token2Wav::load(const weights::TensorSource& stored, const Options& options) {
  const auto tensors = narration_tensors(stored);
  weights::State state(*tensors, options.device);
  auto model = std::make_unique<S3Token2Wav>(state, options);
  state.finish();
  return model;
}

std::unique_ptr<const Voice> S3Token2Wav::voice(const RefDict& ref, const std::string& name) const {
  const at::Tensor token = unbatched(ref.prompt_token, 1, name, "prompt_token").to(at::kLong);
  const at::Tensor feat = unbatched(ref.prompt_feat, 2, name, "prompt_feat");
  const at::Tensor embedding = unbatched(ref.embedding, 1, name, "embedding");
  if (token.lt(0).logical_or(token.ge(kSpeechTokens)).any().item<bool>()) {
    refuse(name, "prompt_token holds tokens that are not in 0.." + std::to_string(kSpeechTokens - 1));
  }
  const int64_t frames = kFramesPerToken * token.size(0), found = feat.size(0);
  if (feat.size(1) != kMelBands || (found != frames && found != frames + 1)) {
    refuse(name, "prompt_feat has the shape " + weights::shape_text(feat.sizes()) + ", which does not go with " +
                     std::to_string(token.size(0)) + " prompt tokens");
  }
  if (embedding.size(0) != flow.spk_embed_affine_layer.weight.size(1)) {
    refuse(name, "embedding has the shape " + weights::shape_text(embedding.sizes()));
  }
  return std::make_unique<Voice>(Voice{flow.prompt(token, feat, embedding)});
}

std::vector<at::Tensor> S3Token2Wav::speak(std::span<const Utterance> utterances, const Watcher& watch) const {
  std::vector<Row> rows;
  for (const Utterance& utterance : utterances) {
    const CausalMaskedDiffWithXvec::Prompt& prompt = utterance.voice->prompt;
    const at::Tensor token = token_tensor(utterance.tokens);
    const int64_t frames = kFramesPerToken * (prompt.tokens + token.size(0));
    const at::Tensor z = normal_noise(utterance.seed, Draw::flow_state, frames * kMelBands, device_);
    rows.push_back({.prompt = &prompt, .token = token, .z = z.view({frames, kMelBands})});
  }
  std::vector<at::Tensor> takes(rows.size());
  for (const auto& group : groups_of(rows, rows_together_)) {
    std::vector<Row> together;
    for (const std::size_t i : group) together.push_back(rows[i]);
    const auto mels = flow.inference(together, watch);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Utterance& utterance = utterances[group[i]];
      takes[group[i]] = vocode(at_speed(mels[i], utterance.speed), utterance.seed, watch).to(at::kCPU);
    }
  }
  return takes;
}

at::Tensor S3Token2Wav::vocode(const at::Tensor& mel, std::uint64_t seed, const Watcher& watch) const {
  watch("mel", mel);
  const int64_t samples = mel.size(0) * kSamplesPerFrame;
  const at::Tensor phase = uniform_noise(seed, Draw::source_phase, kHarmonics, device_).mul_(std::numbers::pi);
  const at::Tensor noise = normal_noise(seed, Draw::source_noise, kHarmonics * samples, device_);
  const at::Tensor wav = mel2wav.inference(mel.t().unsqueeze(0).contiguous(), phase.view({1, kHarmonics, 1}),
                                           noise.view({1, kHarmonics, samples}), watch);
  return finished_take(wav[0]);
}

at::Tensor finished_take(const at::Tensor& samples) {
  constexpr int64_t kSilent = kSampleRateHz / 50;
  const at::Tensor rise = at::linspace(std::numbers::pi, 0, kSilent, samples.options()).cos_().add_(1).div_(2);
  const at::Tensor fade = at::cat({at::zeros({kSilent}, samples.options()), rise});
  const int64_t faded = std::min(samples.size(0), fade.size(0));
  at::Tensor take = samples.clone();
  take.slice(0, 0, faded).mul_(fade.slice(0, 0, faded));
  return take;
}

}  // namespace lectern::chatterbox::s3gen
