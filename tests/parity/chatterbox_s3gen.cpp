// How a waveform is compared: a pitch that is 1e-4 Hz off turns the phase of its harmonics by more and more, so each
// step starts from the recorded result of the one before (mel -> f0, f0 -> s, s -> wav); the whole way is compared as
// well, with the wider limit that the file states.
#include "tests/parity/chatterbox_s3gen.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/parity/golden_case.h"
#include "tests/parity/synthetic_checkpoints.h"
#include "tests/parity/synthetic_weights.h"

namespace lectern::parity {

namespace {

using chatterbox::s3gen::CausalMaskedDiffWithXvec;
using chatterbox::s3gen::S3Token2Wav;
using nlohmann::json;

constexpr double kWavGivenS = 3.0e-6;  // as hift.safetensors states it

at::Tensor sine_noise(const GoldenCase& given, const char* key_field, const char* shape_field) {
  if (given.has("in.sine_noise")) return given.tensor("in.sine_noise");
  const json facts = given.facts();
  const auto shape = facts.at(shape_field).get<std::vector<int64_t>>();
  return filled(facts.at(key_field).get<std::string>(), shape, 0.0, std::sqrt(3.0)).to(given.device());
}

// The recorded file has signals [1, C, T] where the flow has sequences.
at::Tensor turned(const at::Tensor& sequence) { return sequence.transpose(1, 2).contiguous(); }

at::Tensor flow_of(const S3Token2Wav& model, const GoldenCase& given, Stages& stages) {
  const at::Tensor token = given.tensor("in.token")[0];
  at::Tensor z = given.tensor("in.z")[0].t().clone();
  if (given.has("in.noised_mels")) {
    const at::Tensor fresh = given.tensor("in.noised_mels")[0].t();
    z.slice(0, z.size(0) - fresh.size(0)).copy_(fresh);
  }
  const auto voice = model.voice(
      {given.tensor("in.prompt_token"), given.tensor("in.prompt_feat"), given.tensor("in.embedding")}, "golden");
  const CausalMaskedDiffWithXvec::Row row{&voice->prompt, token, z};
  return model.flow.inference({&row, 1}, stages.watcher())[0].t().unsqueeze(0).contiguous();
}

void flow(const S3Token2Wav& model, const GoldenCase& given) {
  Stages stages;
  const at::Tensor mel = flow_of(model, given, stages);
  given.compare("out.time_embed", model.flow.decoder.estimator.time);
  given.compare("dbg.pre_lookahead", stages.at("pre_lookahead"));
  given.compare("dbg.encoders_out", stages.at("encoders_out"));
  given.compare("dbg.up_layer", turned(stages.at("up_layer")));
  given.compare("dbg.encoder_out", stages.at("encoder_out"));
  given.compare("out.spks", stages.at("spks"));
  given.compare("out.mu", turned(stages.at("mu")));
  given.compare("dbg.dxdt_step1", turned(stages.at("dxdt")));
  given.compare("dbg.dxdt_step2", turned(stages.at("dxdt2")));
  given.compare("out.mel", mel);
}

// The steps of the vocoder, each from recorded input; `mel` is the recorded one.
void vocoder(const S3Token2Wav& model, const GoldenCase& given, const at::Tensor& mel, const at::Tensor& noise,
             const std::function<at::Tensor(const at::Tensor&)>& finish) {
  const auto& vocoder = model.mel2wav;
  const at::Tensor f0 = given.tensor("out.f0"), s = given.tensor("out.s");
  given.compare("out.f0", vocoder.f0_predictor.forward(mel), "(golden mel)");
  given.compare("out.s", vocoder.m_source.forward(f0, given.tensor("in.phase"), noise), "(golden f0)");
  Stages stages;
  const at::Tensor wav = vocoder.decode(mel, s, stages.watcher());
  given.compare("dbg.conv_post", stages.at("conv_post"), "(golden s)");
  given.compare("out.wav", finish(wav[0]), kTimes * kWavGivenS, "(golden s)");
}

void free_running(const S3Token2Wav& model, const GoldenCase& given, const at::Tensor& mel, const at::Tensor& noise,
                  const std::function<at::Tensor(const at::Tensor&)>& finish) {
  Stages stages;
  const at::Tensor wav = model.mel2wav.inference(mel, given.tensor("in.phase"), noise, stages.watcher());
  given.compare("out.f0", stages.at("f0"));
  given.compare("out.s", stages.at("s"));
  given.compare("out.wav", finish(wav[0]));
}

void hift(const S3Token2Wav& model, const GoldenCase& given) {
  const auto as_it_is = [](const at::Tensor& wav) { return wav; };
  const at::Tensor mel = given.tensor("in.mel"), noise = sine_noise(given, "noise_name", "noise_shape");
  vocoder(model, given, mel, noise, as_it_is);
  free_running(model, given, mel, noise, as_it_is);
}

void end_to_end(const S3Token2Wav& model, const GoldenCase& given) {
  const at::Tensor noise = sine_noise(given, "sine_noise_name", "sine_noise_shape");
  Stages stages;
  const at::Tensor mel = flow_of(model, given, stages);
  given.compare("out.mel", mel);
  vocoder(model, given, given.tensor("out.mel"), noise, chatterbox::s3gen::finished_take);
  free_running(model, given, mel, noise, chatterbox::s3gen::finished_take);
}

using Run = void (*)(const S3Token2Wav&, const GoldenCase&);
const std::map<std::string, Run> kStages = {{"flow", flow}, {"hift", hift}, {"s3gen_end_to_end", end_to_end}};

}  // namespace

bool is_s3gen_stage(const Golden& golden) { return kStages.contains(golden.text("stage")); }

std::unique_ptr<const S3Token2Wav> load_s3gen(const std::string& weights, const std::string& seed,
                                              const chatterbox::s3gen::Options& options) {
  if (weights != "synthetic") return S3Token2Wav::load(std::filesystem::path(weights), options);
  return S3Token2Wav::load(synthetic_s3gen_checkpoint(seed), options);
}

void compare_s3gen(const S3Token2Wav& model, const Golden& golden, Report& report) {
  const Run run = kStages.at(golden.text("stage"));
  for (const std::string& name : case_names(golden)) run(model, GoldenCase(golden, name, model.device(), report));
}

void compare_s3gen(const Golden& golden, const std::string& weights, const chatterbox::s3gen::Options& options,
                   Report& report) {
  const c10::InferenceMode inference;
  at::globalContext().setAllowTF32CuDNN(false);  // float32 means float32
  compare_s3gen(*load_s3gen(weights, golden.text("weight_seed"), options), golden, report);
}

}  // namespace lectern::parity
