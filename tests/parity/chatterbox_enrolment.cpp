#include "tests/parity/chatterbox_enrolment.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <functional>

#include "tests/parity/golden_case.h"
#include "tests/parity/synthetic_checkpoints.h"
#include "worker/audio/loudness.h"
#include "worker/audio/resample.h"
#include "worker/chatterbox/enrolment/fbank.h"
#include "worker/chatterbox/enrolment/mel.h"
#include "worker/chatterbox/enrolment/spectra.h"

namespace lectern::parity {

namespace {

using namespace chatterbox::enrolment;

constexpr double kResampled = 1e-5, kSinc = 1e-6, kGain = 1e-6;  // as audio.safetensors states them
constexpr double kFilter = 1e-6;                                 // of the peak: what float32 keeps of a filter
// conditionals.safetensors states no errors: those of ve, mel24k and campplus.
constexpr double kSpeaker = 8.7e-8, kBands = 3.5e-5, kEmbedding = 1.7e-7;

std::span<const float> samples_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor tensor_of(const std::vector<float>& samples) { return at::tensor(samples, at::kFloat); }

void filters(const Golden& golden, const std::string& name, const at::Tensor& got, Report& report) {
  if (!golden.has(name)) return;
  const at::Tensor wanted = golden.tensor(name);
  report.largest_error(name, got.to(at::kFloat), wanted, kFilter * wanted.max().item<double>());
}

void ve(const Enroller& networks, const GoldenCase& given) {
  const at::Tensor wav = given.tensor("in.wav16k");
  const auto [first, last] = VoiceEncoder::trim_interval(wav);
  given.equal("out.trim_interval", at::tensor({first, last}, at::kLong));
  given.compare("out.mel", VoiceEncoder::melspectrogram(wav.slice(0, first, last)));
  given.compare("out.partial_embeds", networks.voice_encoder.partial_embeds(given.tensor("out.mel")), "(golden mel)");
  given.compare("out.embedding", networks.voice_encoder.embeds_from_wav(wav));
}

void s3tokenizer(const Enroller& networks, const GoldenCase& given) {
  const nlohmann::json most = given.facts().at("max_len");
  const auto max_len = most.is_null() ? std::nullopt : std::optional(most.get<int64_t>());
  Stages stages;
  const at::Tensor tokens = networks.tokenizer.forward(given.tensor("in.wav16k"), max_len, stages.watcher());
  given.compare("out.log_mel", stages.at("log_mel"));
  given.compare("dbg.project_down", stages.at("project_down"));
  given.equal("out.tokens", tokens);
  given.equal("out.token_len", at::tensor({tokens.size(1)}, at::kLong));
}

void campplus(const Enroller& networks, const GoldenCase& given) {
  const at::Tensor bands = fbank(given.tensor("in.wav16k"));
  given.compare("out.fbank", bands);
  given.compare("out.embedding", networks.speaker_encoder.forward(bands));
}

void mel24k(const Enroller&, const GoldenCase& given) {
  given.compare("out.mel", mel_spectrogram(given.tensor("in.wav24k")));
}

void embed_ref(const Enroller& networks, const GoldenCase& given) {
  Stages stages;
  const auto ref = networks.embed_ref(given.tensor("in.wav24k"), stages.watcher());
  given.compare("out.wav16k", stages.at("wav16k"));
  given.compare("out.prompt_feat", ref.prompt_feat, kTimes * kBands, "");
  given.compare("out.embedding", ref.embedding);
  given.equal("out.prompt_token", ref.prompt_token);
  given.equal("out.prompt_token_len", at::tensor({ref.prompt_token.size(1)}, at::kLong));
}

void audio_case(const Enroller&, const GoldenCase& given) {
  const at::Tensor in = given.tensor("in");
  if (given.name().starts_with("torchaudio")) return given.compare("out", sinc_resampled(in), kSinc, "");
  const nlohmann::json facts = given.facts();
  if (facts.contains("orig")) {
    const int from = facts.at("orig"), to = facts.at("target");
    return given.compare("out", tensor_of(audio::resampled(samples_of(in), from, to)), kResampled, "");
  }
  const double gain = audio::gain_to(-27, samples_of(in), 24000), wanted = facts.at("gain_linear");
  given.number("gain", gain, wanted, kGain * wanted);
  if (given.has("out")) given.compare("out", in * gain, kGain * gain * in.abs().max().item<double>(), "");
}

void conditionals(const Enroller& networks, const Golden& golden, Report& report) {
  const GoldenCase given(golden, "", at::kCPU, report);
  Stages stages;
  const at::Tensor wav = given.tensor("in.wav24k");
  const auto conds = networks.prepare_conditionals(samples_of(wav), stages.watcher());
  if (given.has("dbg.norm_wav24k")) given.compare("dbg.norm_wav24k", stages.at("norm_wav24k"), kGain, "");
  if (given.has("dbg.wav16k_soxr")) given.compare("dbg.wav16k_soxr", stages.at("wav16k_soxr"), kResampled, "");
  given.compare("out.t3.speaker_emb", conds.t3.speaker_emb, kTimes * kSpeaker, "");
  given.equal("out.t3.cond_prompt_speech_tokens", conds.t3.cond_prompt_speech_tokens);
  given.equal("out.gen.prompt_token", conds.gen.prompt_token);
  given.equal("out.gen.prompt_token_len", at::tensor({conds.gen.prompt_token.size(1)}, at::kLong));
  given.compare("out.gen.prompt_feat", conds.gen.prompt_feat, kTimes * kBands, "");
  given.compare("out.gen.embedding", conds.gen.embedding, kTimes * kEmbedding, "");
}

using Run = void (*)(const Enroller&, const GoldenCase&);
const std::map<std::string, Run> kStages = {{"ve", ve},         {"s3tokenizer", s3tokenizer}, {"campplus", campplus},
                                            {"mel24k", mel24k}, {"embed_ref", embed_ref},     {"audio", audio_case}};
constexpr char kWhole[] = "conditionals";

}  // namespace

bool is_enrolment_stage(const Golden& golden) {
  const std::string stage = golden.text("stage");
  return stage == kWhole || kStages.contains(stage);
}

std::unique_ptr<const Enroller> load_enroller(const std::string& weights, const std::string& seed) {
  if (weights != "synthetic") return Enroller::load(std::filesystem::path(weights));
  return Enroller::load(synthetic_s3gen_checkpoint(seed), synthetic_ve_checkpoint(seed));
}

void compare_enrolment(const Enroller& networks, const Golden& golden, Report& report) {
  const std::string stage = golden.text("stage");
  filters(golden, "tokenizer._mel_filters", slaney_filters(16000, 400, 128, 8000), report);
  filters(golden, "tokenizer.window", hann_window(400), report);
  const bool flow = stage == "mel24k";
  filters(golden, "mel_basis", flow ? slaney_filters(24000, 1920, 80, 8000) : slaney_filters(16000, 400, 40, 8000),
          report);
  if (stage == kWhole) return conditionals(networks, golden, report);
  for (const std::string& name : case_names(golden)) {
    kStages.at(stage)(networks, GoldenCase(golden, name, at::kCPU, report));
  }
}

void compare_enrolment(const Golden& golden, const std::string& weights, Report& report) {
  const c10::InferenceMode inference;
  compare_enrolment(*load_enroller(weights, golden.text("weight_seed")), golden, report);
}

}  // namespace lectern::parity
