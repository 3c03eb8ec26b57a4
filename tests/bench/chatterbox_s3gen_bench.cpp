// chatterbox_s3gen_bench: seconds that S3Gen takes for 100 tokens (4 s of audio) with a voice prompt of 10 s, a line a
// stage and thread count, and the memory that it takes; with --enrolment, what making a voice takes instead. Full-size
// weights filled by a rule, or --model DIR.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>

#include "config/fault.h"
#include "tests/parity/chatterbox_enrolment.h"
#include "tests/parity/chatterbox_s3gen.h"
#include "worker/chatterbox/s3gen/noise.h"
#include "worker/engine_environment.h"

namespace {

using namespace lectern::chatterbox::s3gen;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double megabytes_of(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stod(line.substr(line.find(':') + 1)) / 1024;
  }
  return 0;
}

// The least of some runs: on a busy machine the clock tells little, so processor seconds stand beside it.
struct Measured {
  double seconds = 1e9, processor = 1e9;
};
Measured least(int repeats, const std::function<void()>& run) {
  Measured best;
  for (int i = 0; i < repeats; ++i) {
    const double before = processor_seconds();
    const auto clock = Clock::now();
    run();
    best.seconds = std::min(best.seconds, since(clock));
    best.processor = std::min(best.processor, processor_seconds() - before);
  }
  return best;
}

// The environment is read when libtorch starts: set it and start again.
void restart_with_environment(char** argv) {
  constexpr char kStarted[] = "CHATTERBOX_S3GEN_BENCH_STARTED";
  if (std::getenv(kStarted) != nullptr) return;
  for (const auto& [name, value] : lectern::engine_environment("cpu", 2)) setenv(name.c_str(), value.c_str(), 1);
  setenv(kStarted, "1", 1);
  execv("/proc/self/exe", argv);
}

// embed_ref of 10 s is the stage that the reference's figure is known of; conditionals: of a recording of 15 s; read
// again: what every use of the voice after the first costs.
int enrolment(const std::string& model_folder, const std::vector<int>& threads, int repeats) {
  const auto clock = Clock::now();
  const auto networks = lectern::parity::load_enroller(model_folder, "cbx0");
  fmt::print("loaded in {:.2f} s ({}): {:.0f} MB now, peak {:.0f} MB\n", since(clock), model_folder,
             megabytes_of("VmRSS"), megabytes_of("VmHWM"));
  const at::Tensor wav = normal_noise(1, Draw::flow_state, 15 * kSampleRateHz, at::kCPU).mul_(0.05);
  const std::span<const float> samples(wav.data_ptr<float>(), static_cast<std::size_t>(wav.numel()));
  for (const int count : threads) {
    at::set_num_threads(count);
    const auto line = [&](const char* stage, const Measured& measured) {
      fmt::print("threads={} {:<22} {:6.2f} s  processor {:6.2f} s\n", count, stage, measured.seconds,
                 measured.processor);
    };
    line("embed_ref, 10 s", least(repeats, [&] { networks->embed_ref(wav.slice(0, 0, 10 * kSampleRateHz)); }));
    line("conditionals, 15 s", least(repeats, [&] { networks->prepare_conditionals(samples); }));
  }
  const auto kept = std::filesystem::temp_directory_path() / fmt::format("voice-{}.safetensors", getpid());
  networks->prepare_conditionals(samples).save(kept);
  const Measured again = least(repeats, [&] { lectern::chatterbox::Conditionals::load(kept); });
  std::filesystem::remove(kept);
  fmt::print("read again {:.2f} ms; peak memory {:.0f} MB\n", 1000 * again.seconds, megabytes_of("VmHWM"));
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("chatterbox_s3gen_bench: the speed of Chatterbox's second half");
  std::string model_folder = "synthetic";
  int64_t tokens = 100, prompt = 250;
  int repeats = 3;
  std::vector<int> threads = {1, 2};
  app.add_option("--model", model_folder, "a model's folder");
  app.add_option("--tokens", tokens);
  app.add_option("--prompt", prompt, "tokens of the voice's prompt, 25 a second");
  app.add_option("--repeats", repeats, "runs of each; the best one counts");
  app.add_option("--threads", threads);
  bool enrol = false;
  app.add_flag("--enrolment", enrol, "measure the making of a voice");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(lectern::Exit::usage);
  }
  for (const auto& warning : lectern::engine_environment_warnings("cpu", 2)) fmt::print("warning: {}\n", warning);
  const c10::InferenceMode inference;
  at::set_num_threads(2);
  if (enrol) return enrolment(model_folder, threads, repeats);
  std::unique_ptr<const S3Token2Wav> model;
  double load = 1e9;
  for (int i = 0; i < 3; ++i) {  // a virtual machine may first have to be given the memory
    model.reset();
    const auto clock = Clock::now();
    model = lectern::parity::load_s3gen(model_folder, "cbx0", {});
    load = std::min(load, since(clock));
  }
  const double peak = megabytes_of("VmHWM");
  fmt::print("loaded in {:.2f} s ({}): {:.0f} MB now, peak {:.0f} MB\n", load, model_folder, megabytes_of("VmRSS"),
             peak);

  const auto noise = [](std::uint64_t seed, int64_t count) {
    return normal_noise(seed, Draw::flow_state, count, at::kCPU);
  };
  const auto codes = [&](std::uint64_t seed, int64_t count) {
    return noise(seed, count).mul_(1000).abs_().remainder_(kSpeechTokens).to(at::kLong);
  };
  const RefDict ref{codes(1, prompt), noise(2, 2 * prompt * kMelBands).view({-1, kMelBands}), noise(3, 192)};
  const at::Tensor token = codes(4, tokens);
  const at::Tensor z = noise(5, 2 * (prompt + tokens) * kMelBands).view({-1, kMelBands});
  Utterance utterance{.tokens = {token.data_ptr<int64_t>(), token.data_ptr<int64_t>() + tokens}, .seed = 7};

  for (const int count : threads) {
    at::set_num_threads(count);
    const auto line = [&](const char* stage, const Measured& measured) {
      fmt::print("threads={} {:<8} {:6.2f} s  processor {:6.2f} s  peak so far {:.0f} MB\n", count, stage,
                 measured.seconds, measured.processor, megabytes_of("VmHWM"));
    };
    std::unique_ptr<const Voice> voice;
    line("voice", least(repeats, [&] { voice = model->voice(ref, "bench"); }));
    const CausalMaskedDiffWithXvec::Row row{&voice->prompt, token, z};
    at::Tensor mel;
    Measured encoder, decoder;
    for (int i = 0; i < repeats; ++i) {
      const auto start = Clock::now();
      const double processor = processor_seconds();
      double encoded = 0, encoded_processor = 0;
      mel = model->flow.inference({&row, 1}, [&](const char* stage, const at::Tensor&) {
        if (std::string_view(stage) != "mu") return;
        encoded = since(start), encoded_processor = processor_seconds() - processor;
      })[0];
      encoder.seconds = std::min(encoder.seconds, encoded);
      encoder.processor = std::min(encoder.processor, encoded_processor);
      decoder.seconds = std::min(decoder.seconds, since(start) - encoded);
      decoder.processor = std::min(decoder.processor, processor_seconds() - processor - encoded_processor);
    }
    line("encoder", encoder);
    line("decoder", decoder);
    line("hift", least(repeats, [&] { model->vocode(mel, 7, no_watcher); }));
    utterance.voice = voice.get();
    line("all", least(repeats, [&] { model->speak({&utterance, 1}); }));
  }
  fmt::print("{:.2f} s of audio; peak memory {:.0f} MB\n", double(2 * tokens * kSamplesPerFrame) / kSampleRateHz,
             megabytes_of("VmHWM"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_environment(argv);
  return lectern::run_main(run, argc, argv);
}
