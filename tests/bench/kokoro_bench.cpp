// kokoro_bench --model DIR: seconds of computing per second of speech, where the time to the first sample goes, and the
// memory that it takes. Two processor threads in all, as one lane of two and as two lanes of one.
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
#include <nlohmann/json.hpp>
#include <thread>

#include "config/fault.h"
#include "worker/engine_environment.h"
#include "worker/kokoro/block_cache.h"
#include "worker/kokoro/speaker.h"

namespace {

using Clock = std::chrono::steady_clock;
using lectern::SpeechRequest;
using lectern::kokoro::Speaker;

struct Text {
  const char* name;
  const char* text;
};
constexpr Text kTexts[] = {
    {"5 s", "The old lighthouse keeper climbed the winding stairs, counting every step along the way."},
    {"20 s",
     "When the rain had finally stopped, the children ran down the hill towards the river, where their grandfather was "
     "mending his nets in the pale evening light; he looked up, smiled, and told them the story of the great flood, of "
     "the bridge that had been carried away in a single night, and of the stubborn old mule that refused to leave its "
     "stable until somebody brought it a lantern."}};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr char kStarted[] = "KOKORO_BENCH_STARTED";

double monotonic_seconds() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

// Processor seconds of all threads: on a busy machine they tell more than the clock.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Speaks `text` once on every lane; seconds of audio in all.
double speak(Speaker& speaker, const std::string& text, const std::string& voice, int lanes, int threads_a_lane) {
  at::set_num_threads(threads_a_lane);
  std::vector<double> seconds(lanes);
  std::vector<std::jthread> running;
  for (int i = 0; i < lanes; ++i) {
    running.emplace_back([&, i] {
      at::init_num_threads();
      const c10::InferenceMode inference;
      const SpeechRequest request{.ticket = 1, .text = text, .voice = voice, .speed = 1.0, .seed = 7};
      const auto speech = speaker.speak(request, [] { return false; });
      seconds[i] = static_cast<double>(speech.samples.size()) / speech.sample_rate_hz;
    });
  }
  running.clear();
  double sum = 0;
  for (const double s : seconds) sum += s;
  return sum;
}

// The ids and styles of the texts as JSON, so that a peer can be given the same work.
void write_requests(const std::string& file, const std::filesystem::path& folder, const std::string& voice) {
  namespace kokoro = lectern::kokoro;
  const kokoro::Vocabulary vocabulary(folder / "tokenizer.json");
  kokoro::Voices voices(folder / "voices", c10::Device("cpu"));
  auto requests = nlohmann::json::array();
  for (const auto& [name, text] : kTexts) {
    const auto symbols = vocabulary.symbols_of(kokoro::phonemes_of(text, kokoro::language_of(voice))).symbols;
    const at::Tensor style = voices.style(voice, symbols.size());
    const std::vector<float> numbers(style.data_ptr<float>(), style.data_ptr<float>() + style.numel());
    requests.push_back({{"name", name}, {"ids", vocabulary.ids_of(symbols)}, {"style", numbers}});
  }
  std::ofstream(file) << requests;
}

// The environment is read when libtorch starts: set it and start again.
void restart_with_environment(char** argv) {
  if (std::getenv(kStarted) != nullptr) return;
  for (const auto& [name, value] : lectern::engine_environment("cpu", 2)) setenv(name.c_str(), value.c_str(), 1);
  setenv(kStarted, std::to_string(monotonic_seconds()).c_str(), 1);
  execv("/proc/self/exe", argv);
}

int run(int argc, char** argv) {
  const double start_up = monotonic_seconds() - std::stod(std::getenv(kStarted));
  CLI::App app("kokoro_bench: the speed of the Kokoro engine");
  lectern::EngineOptions options{.model_folder = {}, .threads = 2};
  std::string voice = "af_heart", requests_file, samples_file;
  std::vector<std::string> shapes = {"1x2", "2x1"};
  int repeats = 3;
  std::size_t kept_mb = 500;
  app.add_option("--model", options.model_folder, "the model's folder")->required();
  app.add_option("--precision", options.precision, "float32 or bfloat16");
  app.add_option("--device", options.device, "cpu or cuda:N");
  app.add_option("--repeats", repeats, "runs of each; the best one counts");
  app.add_option("--voice", voice);
  app.add_option("--kept", kept_mb, "megabytes of freed memory that are kept for the next tensor");
  app.add_option("--shapes", shapes, "lanes x threads of each, such as 1x2 2x1");
  app.add_option("--requests", requests_file, "writes the ids and styles of the texts as JSON, for a peer");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(lectern::Exit::usage);
  }
  for (const auto& warning : lectern::engine_environment_warnings("cpu", 2)) fmt::print("warning: {}\n", warning);

  lectern::kokoro::keep_blocks(kept_mb * 1'000'000);
  if (!requests_file.empty()) write_requests(requests_file, options.model_folder, voice);
  at::set_num_threads(2);
  auto clock = Clock::now();
  Speaker speaker(options);
  const double load = since(clock);
  clock = Clock::now();
  speak(speaker, kTexts[0].text, voice, 1, 2);
  const double first = since(clock);
  fmt::print("first samples after {:.2f} s: process start {:.2f}, weights {:.2f}, a sentence of 5 s {:.2f}\n",
             start_up + load + first, start_up, load, first);
  fmt::print("of the processor's time {:.2f} s; peak memory {:.0f} MB\n", processor_seconds(), peak_mb());

  for (const auto& [name, text] : kTexts) {
    for (const std::string& shape : shapes) {
      const int lanes = std::stoi(shape), threads = std::stoi(shape.substr(shape.find('x') + 1));
      double best = 1e9, processor = 1e9, audio = 0;
      for (int i = 0; i < repeats; ++i) {
        clock = Clock::now();
        const double before = processor_seconds();
        audio = speak(speaker, text, voice, lanes, threads);
        processor = std::min(processor, (processor_seconds() - before) / audio);
        best = std::min(best, since(clock) / audio);
      }
      fmt::print("ours {} lanes={} threads={} audio={:.2f} rtf={:.3f} processor={:.3f} peak={:.0f}MB\n", name, lanes,
                 threads, audio / lanes, best, processor, peak_mb());
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_environment(argv);
  return lectern::run_main(run, argc, argv);
}
