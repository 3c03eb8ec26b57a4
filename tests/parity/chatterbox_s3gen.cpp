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
#include <set>

#include "config/fault.h"
#include "tests/parity/synthetic_weights.h"

namespace lectern::parity {

namespace {

using chatterbox::s3gen::CausalMaskedDiffWithXvec;
using chatterbox::s3gen::S3Token2Wav;
using nlohmann::json;

constexpr double kTimes = 10, kWavGivenS = 3.0e-6;  // the latter as hift.safetensors states it
constexpr double kDebugOfPeak = 1e-5;               // for intermediates whose error is not stated

// One case of a file: its tensors and its limits.
class Case {
 public:
  Case(const Golden& golden, std::string name, const S3Token2Wav& model, Report& report)
      : golden_(golden),
        name_(std::move(name)),
        device_(model.device()),
        report_(report),
        stated_(json::parse(golden.text("float32_vs_float64"))) {}

  bool has(const std::string& tensor) const { return golden_.has(name_ + "." + tensor); }
  at::Tensor tensor(const std::string& tensor) const { return golden_.tensor(name_ + "." + tensor).to(device_); }

  double limit(const std::string& tensor) const {
    const auto found = stated_.find(name_ + "." + tensor);
    if (found != stated_.end()) return kTimes * found->at("max_abs").get<double>();
    return kDebugOfPeak * golden_.tensor(name_ + "." + tensor).abs().max().item<double>();
  }

  // Compares with a recorded tensor; one that the file lacks is skipped.
  void compare(const std::string& name, const at::Tensor& got, const char* given = "") const {
    if (has(name)) compare(name, got, limit(name), given);
  }
  void compare(const std::string& name, const at::Tensor& got, double limit, const char* given) const {
    const at::Tensor wanted = golden_.tensor(name_ + "." + name);
    const at::Tensor found = got.cpu();
    report_.largest_error(name_ + "." + name + given, found.numel() == wanted.numel() ? found.view_as(wanted) : found,
                          wanted, limit);
  }

  at::Tensor sine_noise(const char* key_field, const char* shape_field) const {
    if (has("in.sine_noise")) return tensor("in.sine_noise");
    const json facts = json::parse(golden_.text("cases")).at(name_);
    const auto shape = facts.at(shape_field).get<std::vector<int64_t>>();
    return filled(facts.at(key_field).get<std::string>(), shape, 0.0, std::sqrt(3.0)).to(device_);
  }

 private:
  const Golden& golden_;
  std::string name_;
  at::Device device_;
  Report& report_;
  json stated_;
};

// What a pass tells its watcher, copied; the second value of a stage is kept under "stage2" and so on.
class Stages {
 public:
  chatterbox::s3gen::Watcher watcher() {
    return [this](const char* stage, const at::Tensor& value) {
      const int times = ++times_[stage];
      values_[times == 1 ? stage : stage + std::to_string(times)] = value.clone();
    };
  }
  const at::Tensor& at(const std::string& stage) const { return values_.at(stage); }

 private:
  std::map<std::string, int> times_;
  std::map<std::string, at::Tensor> values_;
};

// The recorded file has signals [1, C, T] where the flow has sequences.
at::Tensor turned(const at::Tensor& sequence) { return sequence.transpose(1, 2).contiguous(); }

at::Tensor flow_of(const S3Token2Wav& model, const Case& given, Stages& stages) {
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

void flow(const S3Token2Wav& model, const Case& given) {
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
void vocoder(const S3Token2Wav& model, const Case& given, const at::Tensor& mel, const at::Tensor& noise,
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

void free_running(const S3Token2Wav& model, const Case& given, const at::Tensor& mel, const at::Tensor& noise,
                  const std::function<at::Tensor(const at::Tensor&)>& finish) {
  Stages stages;
  const at::Tensor wav = model.mel2wav.inference(mel, given.tensor("in.phase"), noise, stages.watcher());
  given.compare("out.f0", stages.at("f0"));
  given.compare("out.s", stages.at("s"));
  given.compare("out.wav", finish(wav[0]));
}

void hift(const S3Token2Wav& model, const Case& given) {
  const auto as_it_is = [](const at::Tensor& wav) { return wav; };
  const at::Tensor mel = given.tensor("in.mel"), noise = given.sine_noise("noise_name", "noise_shape");
  vocoder(model, given, mel, noise, as_it_is);
  free_running(model, given, mel, noise, as_it_is);
}

void end_to_end(const S3Token2Wav& model, const Case& given) {
  const at::Tensor noise = given.sine_noise("sine_noise_name", "sine_noise_shape");
  Stages stages;
  const at::Tensor mel = flow_of(model, given, stages);
  given.compare("out.mel", mel);
  vocoder(model, given, given.tensor("out.mel"), noise, chatterbox::s3gen::finished_take);
  free_running(model, given, mel, noise, chatterbox::s3gen::finished_take);
}

using Run = void (*)(const S3Token2Wav&, const Case&);
const std::map<std::string, Run> kStages = {{"flow", flow}, {"hift", hift}, {"s3gen_end_to_end", end_to_end}};

std::set<std::string> case_names(const Golden& golden) {
  std::set<std::string> names;
  const json shapes = json::parse(golden.text("shapes"));
  for (const auto& [tensor, shape] : shapes.items()) {
    const std::string name = tensor.substr(0, tensor.find('.'));
    if (golden.has(tensor)) names.insert(name);
  }
  if (names.empty()) throw Fault(Exit::bad_input, golden.name() + ": no cases");
  return names;
}

}  // namespace

bool is_s3gen_stage(const Golden& golden) { return kStages.contains(golden.text("stage")); }

std::unique_ptr<const S3Token2Wav> load_s3gen(const std::string& weights, const std::string& seed,
                                              const chatterbox::s3gen::Options& options) {
  if (weights != "synthetic") return S3Token2Wav::load(std::filesystem::path(weights), options);
  const SyntheticSource source(read_manifest(TEST_DATA "/chatterbox/s3gen_meanflow.manifest"), seed);
  return S3Token2Wav::load(source, options);
}

void compare_s3gen(const S3Token2Wav& model, const Golden& golden, Report& report) {
  const Run run = kStages.at(golden.text("stage"));
  for (const std::string& name : case_names(golden)) run(model, Case(golden, name, model, report));
}

void compare_s3gen(const Golden& golden, const std::string& weights, const chatterbox::s3gen::Options& options,
                   Report& report) {
  const c10::InferenceMode inference;
  at::globalContext().setAllowTF32CuDNN(false);  // float32 means float32
  compare_s3gen(*load_s3gen(weights, golden.text("weight_seed"), options), golden, report);
}

}  // namespace lectern::parity
