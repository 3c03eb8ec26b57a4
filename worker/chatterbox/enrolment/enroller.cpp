#include "worker/chatterbox/enrolment/enroller.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "config/fault.h"
#include "worker/audio/loudness.h"
#include "worker/audio/resample.h"
#include "worker/chatterbox/enrolment/fbank.h"
#include "worker/chatterbox/enrolment/mel.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/weights/checkpoint_file.h"

namespace lectern::chatterbox::enrolment {

namespace {

constexpr int kFlowRate = s3gen::kSampleRateHz, kSpeechRate = 16000;
constexpr int64_t kFlowSamples = 10 * kFlowRate, kPromptSamples = 15 * kSpeechRate, kPromptTokens = 375;
constexpr double kLoudness = -27;  // LUFS

at::Tensor tensor_of(std::vector<float> samples) {
  const auto size = static_cast<int64_t>(samples.size());
  auto* kept = new std::vector<float>(std::move(samples));
  return at::from_blob(
      kept->data(), {size}, [kept](void*) { delete kept; }, at::TensorOptions(at::kFloat));
}

}  // namespace

Enroller::Enroller(weights::State& s3gen, weights::State& ve)
    : tokenizer({s3gen / "tokenizer"}), speaker_encoder({s3gen / "speaker_encoder"}), voice_encoder(ve) {}

std::unique_ptr<const Enroller> Enroller::load(const std::filesystem::path& folder) {
  const weights::CheckpointFile ve(folder / kVoiceEncoderName);
  return load(weights::CheckpointFile(folder / s3gen::kCheckpointName), ve);
}

std::unique_ptr<const Enroller> Enroller::load(const weights::TensorSource& stored_s3gen,
                                               const weights::TensorSource& stored_ve) {
  const auto tensors = s3gen::enrolment_tensors(stored_s3gen);
  weights::State s3gen(*tensors, at::kCPU), ve(stored_ve, at::kCPU);
  auto networks = std::make_unique<Enroller>(s3gen, ve);
  s3gen.finish();
  ve.finish();
  return networks;
}

s3gen::RefDict Enroller::embed_ref(const at::Tensor& wav24k, const s3gen::Watcher& watch) const {
  at::Tensor bands = mel_spectrogram(wav24k).t().unsqueeze(0).contiguous();
  const at::Tensor wav16k = sinc_resampled(wav24k);
  watch("wav16k", wav16k);
  const at::Tensor embedding = speaker_encoder.forward(fbank(wav16k));
  const at::Tensor tokens = tokenizer.forward(wav16k, std::nullopt, watch);
  const int64_t fitting = std::min(tokens.size(1), bands.size(1) / s3gen::kFramesPerToken);
  return {tokens.slice(1, 0, fitting).contiguous(), bands, embedding};
}

Conditionals Enroller::prepare_conditionals(std::span<const float> wav24k, const s3gen::Watcher& watch) const {
  const double seconds = static_cast<double>(wav24k.size()) / kFlowRate;
  if (!(seconds > kLeastSeconds)) {
    throw Fault(Exit::bad_input,
                fmt::format("a voice needs a recording longer than 5 s; this one has {:.1f} s", seconds),
                "record 10 to 15 s of clear speech");
  }
  const auto gain = static_cast<float>(audio::gain_to(kLoudness, wav24k, kFlowRate));
  std::vector<float> levelled(wav24k.size());
  std::transform(wav24k.begin(), wav24k.end(), levelled.begin(), [gain](float x) { return x * gain; });
  const at::Tensor speech = tensor_of(audio::resampled(levelled, kFlowRate, kSpeechRate));
  const at::Tensor wav = tensor_of(std::move(levelled));
  watch("norm_wav24k", wav);
  watch("wav16k_soxr", speech);
  const s3gen::RefDict ref = embed_ref(wav.slice(0, 0, kFlowSamples));
  Conditionals conds;
  conds.gen.prompt_token = ref.prompt_token;
  conds.gen.prompt_feat = ref.prompt_feat;
  conds.gen.embedding = ref.embedding;
  conds.t3.cond_prompt_speech_tokens = tokenizer.forward(speech.slice(0, 0, kPromptSamples), kPromptTokens);
  conds.t3.speaker_emb = voice_encoder.embeds_from_wav(speech);
  return conds;
}

}  // namespace lectern::chatterbox::enrolment
