// chatterbox_t3_bench [--sizes nano turbo]: tokens a second of T3 on the processor with full-size filled weights, what
// share of the memory's measured read speed that is, and the time to the first token with a kept voice prefix. With
// --agreement: how often the likeliest next token of float16 weights is that of float32, on the same tokens before it.
//
// The read speed is measured between the steps of the same run, on as many bytes in the same kind of pages, so that
// both meet the same company on the machine. Processor time stands beside the clock's: on a busy machine it tells more.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "config/fault.h"
#include "tests/parity/synthetic_weights.h"
#include "worker/chatterbox/t3_decoder.h"
#include "worker/engine_environment.h"
#include "worker/weights/checkpoint_file.h"

namespace {

using namespace lectern;
using namespace lectern::chatterbox;

struct Seconds {
  double clock = 1e9, processor = 1e9;
  void best(const Seconds& other) {
    clock = std::min(clock, other.clock);
    processor = std::min(processor, other.processor);
  }
};

Seconds now() {
  const auto of = [](clockid_t id) {
    timespec time{};
    clock_gettime(id, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  return {of(CLOCK_MONOTONIC), of(CLOCK_PROCESS_CPUTIME_ID)};
}

Seconds taken(const std::function<void()>& work) {
  const Seconds start = now();
  work();
  const Seconds end = now();
  return {end.clock - start.clock, end.processor - start.processor};
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// As the weights lie.
class LargePages {
 public:
  explicit LargePages(std::size_t bytes) : count_(bytes / sizeof(float) / 64 * 64) {
    constexpr std::size_t kPage = std::size_t{2} << 20;
    data_ = static_cast<float*>(std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage));
    ::madvise(data_, bytes, MADV_HUGEPAGE);
    std::fill_n(data_, count_, 1.0f);
  }
  ~LargePages() { std::free(data_); }
  LargePages(const LargePages&) = delete;
  const float* data() const { return data_; }
  std::int64_t count() const { return static_cast<std::int64_t>(count_); }

 private:
  float* data_;
  std::size_t count_;
};

Seconds read_once(ThreadTeam& team, const LargePages& memory) {
  const float* const data = memory.data();
  std::vector<float> sums(static_cast<std::size_t>(team.size()));
  return taken([&] {
    team.run([&](int member) {
      const auto [first, last] = team.part(member, memory.count() / 64);
      sums[static_cast<std::size_t>(member)] = row_kernels().sum(data + first * 64, (last - first) * 64);
    });
  });
}

void measure_steps(const T3& model, const std::shared_ptr<const VoicePrefix>& prefix, int64_t rows, int repeats,
                   const LargePages& memory) {
  const std::vector<int64_t> text(30, 1000);
  KvCache cache = model.cache(rows, 200, prefix->length);
  std::vector<DecodeRow> state;
  for (int64_t slot = 0; slot < rows; ++slot) {
    state.push_back({.prefix = prefix, .slot = slot, .length = 0, .token = 5});
    model.prefill(state.back(), text, cache);
  }
  T3Decoder decoder(model, rows, 300, prefix->length);
  for (int64_t row = 0; row < rows; ++row) {
    decoder.admit({.ticket = std::uint64_t(row),
                   .prefix = prefix,
                   .text_tokens = text,
                   .sampling = {},
                   .seed = std::uint64_t(row),
                   .most_tokens = 200,
                   .draws = {}});
  }
  Seconds step, whole, read;
  for (int i = 0; i < repeats; ++i) {
    step.best(taken([&] { model.step(state, cache); }));
    whole.best(taken([&] { decoder.step(); }));
    read.best(read_once(*model.team(), memory));
  }
  const double read_bytes = static_cast<double>(memory.count()) * sizeof(float);
  const double read_speed = read_bytes / read.clock / 1e9;
  const double speed = static_cast<double>(model.step_bytes()) / whole.clock / 1e9;
  fmt::print(
      "  rows={} threads={}: {:.1f} tokens/s, step {:.1f} ms + sampling {:.1f} ms, {:.1f} GB/s of weights = {:.0f} % "
      "of the read {:.1f} GB/s (by processor time {:.0f} %)\n",
      rows, model.team()->size(), static_cast<double>(rows) / whole.clock, step.clock * 1e3,
      (whole.clock - step.clock) * 1e3, speed, 100 * speed / read_speed, read_speed,
      100 * (static_cast<double>(model.step_bytes()) / whole.processor) / (read_bytes / read.processor));
}

void measure(const T3Size& size, const std::string& name, const std::filesystem::path& folder, const T3Options& options,
             int repeats) {
  const auto file = folder / size.file;
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(folder);
    write_synthetic(
        file, parity::SyntheticSource(parity::read_manifest(TEST_DATA "/chatterbox/t3_" + name + ".manifest"), "cbx0"));
  }
  const double before = peak_mb();
  std::unique_ptr<const T3> model;
  Seconds load, first_prefix, prefill;
  for (int i = 0; i < 3; ++i) {  // a virtual machine may first have to be given the memory
    model.reset();
    load.best(taken([&] { model = T3::load(weights::CheckpointFile(file), size, options); }));
  }
  const double peak = peak_mb();
  fmt::print("{} {} threads={}: load {:.2f} s, peak memory {:.0f} MB (before {:.0f}), a step reads {:.0f} MB\n", name,
             c10::toString(options.type), options.threads, load.clock, peak, before, model->step_bytes() / 1e6);
  const at::Tensor speaker = parity::filled("speaker", {1, kSpeakerSize}, 0, 0.1);
  const at::Tensor prompt = parity::filled("prompt", {1, 375}, 3000, 3000).to(at::kLong);
  std::shared_ptr<const VoicePrefix> prefix;
  const std::vector<int64_t> text(30, 1000);
  KvCache cache = model->cache(1, 100, 376);
  for (int i = 0; i < 3; ++i) {
    first_prefix.best(taken([&] { prefix = model->prefix(speaker, prompt); }));
    DecodeRow row{.prefix = prefix};
    prefill.best(taken([&] { model->prefill(row, text, cache); }));
  }
  fmt::print(
      "  prefill of 376 positions (once a voice) {:.3f} s, first token of 30 text tokens {:.3f} s (processor {:.3f}, "
      "{:.3f})\n",
      first_prefix.clock, prefill.clock, first_prefix.processor, prefill.processor);
  const LargePages memory(std::max(model->step_bytes(), std::size_t{256} << 20));
  for (const int64_t rows : {1, 8}) measure_steps(*model, prefix, rows, repeats, memory);
}

struct Rows {
  std::shared_ptr<const VoicePrefix> prefix;
  KvCache cache;
  std::vector<DecodeRow> rows;
  at::Tensor logits;  // [rows, 6563]
};

Rows begin_rows(const T3& model, int64_t count) {
  Rows rows{.prefix = model.prefix(parity::filled("speaker", {1, kSpeakerSize}, 0, 0.1),
                                   parity::filled("prompt", {1, 375}, 3000, 3000).to(at::kLong)),
            .cache = model.cache(count, 200, 376),
            .rows = {},
            .logits = {}};
  std::vector<at::Tensor> first;
  for (int64_t slot = 0; slot < count; ++slot) {
    std::vector<int64_t> text;
    for (int64_t i = 0; i < 30; ++i) text.push_back((i * 7919 + slot * 31) % 50257);
    rows.rows.push_back({.prefix = rows.prefix, .slot = slot});
    first.push_back(model.prefill(rows.rows.back(), text, rows.cache).clone());
  }
  rows.logits = at::stack(first);
  return rows;
}

// Both read what float32 draws.
void measure_agreement(const T3Size& size, const std::string& name, const std::filesystem::path& folder, int threads) {
  constexpr int64_t kRows = 8, kSteps = 150;
  const auto load = [&](at::ScalarType type) {
    return T3::load(weights::CheckpointFile(folder / size.file), size, {.type = type, .threads = threads});
  };
  const auto exact = load(at::kFloat), coarse = load(at::kHalf);
  Rows ours = begin_rows(*exact, kRows), theirs = begin_rows(*coarse, kRows);
  std::vector<std::vector<int64_t>> history(kRows, {kStartSpeech});
  int64_t same = 0, near = 0;
  for (int64_t step = 0; step < kSteps; ++step) {
    const at::Tensor best = ours.logits.argmax(1), other = theirs.logits.argmax(1);
    const auto two = std::get<0>(ours.logits.topk(2, 1));
    for (int64_t row = 0; row < kRows; ++row) {
      const bool agrees = best[row].item<int64_t>() == other[row].item<int64_t>();
      same += agrees;
      near += !agrees && (two[row][0] - two[row][1]).item<float>() < 0.05;
      at::Tensor logits = ours.logits[row].clone();
      const std::span<float> values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
      process_logits(values, history[row], {});
      const int64_t token = draw(values, seeded_draws(std::uint64_t(row), step));
      if (step == 0) history[row].clear();
      history[row].push_back(token);
      ours.rows[row].token = theirs.rows[row].token = token;
    }
    ours.logits = exact->step(ours.rows, ours.cache).clone();
    theirs.logits = coarse->step(theirs.rows, theirs.cache).clone();
  }
  fmt::print(
      "{} float16: the likeliest token is float32's at {:.2f} % of {} positions; of the others {} of {} nearly "
      "tie in float32 (less than 0.05 apart)\n",
      name, 100.0 * double(same) / double(kRows * kSteps), kRows * kSteps, near, kRows * kSteps - same);
}

int run(int argc, char** argv) {
  CLI::App app("chatterbox_t3_bench: the speed of T3 on the processor");
  std::vector<std::string> sizes = {"nano", "turbo"}, precisions = {"float32"};
  std::vector<int> threads = {1, 2};
  std::string folder = "chatterbox_bench_weights";
  int repeats = 20;
  bool agreement = false;
  app.add_flag("--agreement", agreement, "compare float16 with float32 as well");
  app.add_option("--sizes", sizes, "nano, turbo");
  app.add_option("--precisions", precisions, "float32, float16");
  app.add_option("--threads", threads);
  app.add_option("--repeats", repeats, "steps of each kind; the best one counts");
  app.add_option("--weights", folder, "a scratch folder; filled checkpoints are written into it once");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  const c10::InferenceMode inference;
  fmt::print("kernels: {}\n", row_kernels().name);
  for (const std::string& size : sizes) {
    for (const std::string& precision : precisions) {
      for (const int count : threads) {
        at::set_num_threads(count);
        measure(size == "nano" ? kNano : kTurbo, size, folder,
                {.type = precision == "float16" ? at::kHalf : at::kFloat, .threads = count}, repeats);
      }
    }
    if (agreement) measure_agreement(size == "nano" ? kNano : kTurbo, size, folder, threads.back());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Read when libtorch starts: set it and start again.
  if (std::getenv("OPENBLAS_NUM_THREADS") == nullptr) {
    for (const auto& [name, value] : lectern::engine_environment("cpu", 0)) setenv(name.c_str(), value.c_str(), 1);
    execv("/proc/self/exe", argv);
  }
  return run_main(run, argc, argv);
}
