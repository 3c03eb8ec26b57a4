#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>

#include "config/fault.h"
#include "tests/parity/golden.h"
#include "tests/parity/kokoro_phonemes.h"
#include "worker/kokoro/model.h"

namespace lectern::parity {

namespace {

using kokoro::KModel;

constexpr int kSkipped = 77;  // ctest's custom for "could not be run"

// Largest differences from float64 that float32 arithmetic may make; measured ones are ten times smaller.
struct Tolerance {
  const char* stage;
  double largest;
};
constexpr Tolerance kTolerances[] = {{"bert", 1e-4}, {"d_en", 2e-4},       {"d", 1e-4},       {"duration", 1e-4},
                                     {"en", 1e-4},   {"F0", 5e-3},         {"N", 2e-4},       {"t_en", 1e-5},
                                     {"asr", 1e-5},  {"dec_encode", 1e-4}, {"dec_out", 1e-3}, {"har_source", 2e-3}};
constexpr double kSourceFromGoldenF0 = 5e-5;  // the phase is kept in float64
constexpr double kFromGoldenHarDb = 80, kFromGoldenHarBfloat16Db = 35, kFreeRunningDb = 30;

// Angles may differ by whole turns: compare magnitudes, and angles on the circle weighted by the magnitude.
void compare_harmonics(Report& report, const at::Tensor& got, const at::Tensor& golden) {
  const auto a = got.to(at::kDouble).chunk(2, 1), b = golden.to(at::kDouble).chunk(2, 1);
  report.largest_error("har_magnitude", a[0], b[0], 1e-2);
  report.signal_to_noise("har_complex", at::cat({a[0] * a[1].cos(), a[0] * a[1].sin()}, 1),
                         at::cat({b[0] * b[1].cos(), b[0] * b[1].sin()}, 1), 40);
}

void check(const KModel& model, const Golden& golden, double vocoder_db, Report& report) {
  fmt::print("{}\n", golden.name());
  const at::Tensor ids = golden.tensor("input_ids");
  const std::vector<int64_t> input_ids(ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + ids.numel());
  const at::Tensor ref_s = golden.tensor("ref_s").to(model.device());
  const at::Tensor style = ref_s.slice(1, 0, 128);
  const std::uint64_t seed = std::stoull(golden.text("noise_seed"));

  std::map<std::string, at::Tensor> stages;
  const auto output = model.forward(input_ids, ref_s, std::stod(golden.text("speed")), seed,
                                    [&](const char* stage, const at::Tensor& value) { stages[stage] = value.cpu(); });
  for (const auto& [stage, largest] : kTolerances) {
    if (golden.has(stage)) report.largest_error(stage, stages.at(stage), golden.tensor(stage), largest);
  }
  if (golden.has("pred_dur")) report.equal("pred_dur", output.pred_dur, golden.tensor("pred_dur"));
  if (golden.has("har")) compare_harmonics(report, stages.at("har"), golden.tensor("har"));

  const kokoro::Generator& generator = model.decoder.generator;
  if (golden.has("F0") && golden.has("har_source")) {
    const at::Tensor source = generator.m_source.forward(golden.tensor("F0").to(model.device()), seed);
    report.largest_error("har_source(golden F0)", source.cpu(), golden.tensor("har_source"), kSourceFromGoldenF0);
  }
  if (golden.has("har") && golden.has("waveform")) {
    const at::Tensor har = golden.tensor("har").to(model.device()), x = stages.at("dec_out").to(model.device());
    const at::Tensor audio = generator.forward(
        x, style, har, [&](const char* stage, const at::Tensor& value) { stages[stage] = value.cpu(); });
    if (golden.has("gen_stage0")) {
      report.signal_to_noise("gen_stage0(golden har)", stages.at("gen_stage0"), golden.tensor("gen_stage0"),
                             vocoder_db);
    }
    if (golden.has("conv_post")) {
      report.signal_to_noise("conv_post(golden har)", stages.at("conv_post"), golden.tensor("conv_post"),
                             vocoder_db);
    }
    report.signal_to_noise("waveform(golden har)", audio.squeeze(0).cpu(), golden.tensor("waveform"), vocoder_db);
  }
  if (golden.has("waveform")) {
    report.signal_to_noise("waveform", output.audio.cpu(), golden.tensor("waveform"), kFreeRunningDb);
  }
}

void compare_network(const std::string& model_folder, at::Device device, bool bfloat16,
                     const std::vector<std::string>& golden_files, Report& report) {
  const c10::InferenceMode inference;
  at::globalContext().setAllowTF32CuDNN(false);
  const auto model = KModel::load(model_folder, device, bfloat16 ? at::kBFloat16 : at::kFloat);
  const double vocoder_db = bfloat16 ? kFromGoldenHarBfloat16Db : kFromGoldenHarDb;
  for (const std::string& file : golden_files) check(*model, Golden(file), vocoder_db, report);
}

}  // namespace

int kokoro(int argc, char** argv) {
  CLI::App app("parity kokoro: compares the network with recorded stages");
  std::string model_folder, device = "cpu", cases_file;
  std::vector<std::string> golden_files;
  app.add_option("--model", model_folder, "the model's folder")->envname("LECTERN_KOKORO_MODEL");
  app.add_option("--golden", golden_files, "recorded stages (.safetensors)");
  app.add_option("--g2p", cases_file, "recorded phonemes and ids (.json)");
  bool bfloat16 = false;
  app.add_flag("--bfloat16", bfloat16, "compute the vocoder's convolutions in bfloat16");
  app.add_option("--device", device, "cpu or cuda:N");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  if (golden_files.empty() && cases_file.empty()) throw Fault(Exit::usage, "give --golden or --g2p");
  if (model_folder.empty()) {
    fmt::print("skipped: neither --model nor LECTERN_KOKORO_MODEL names the model's folder\n");
    return kSkipped;
  }
  Report report;
  if (!cases_file.empty()) compare_phonemes(model_folder, cases_file, report);
  if (!golden_files.empty()) compare_network(model_folder, at::Device(device), bfloat16, golden_files, report);
  return report.failed() ? static_cast<int>(Exit::job_failed) : 0;
}

}  // namespace lectern::parity
