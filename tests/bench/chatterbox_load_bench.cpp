// chatterbox_load_bench FOLDER: seconds to load the networks of a Chatterbox model from the page cache, beside reading
// the bytes that they use, in turns; and the memory that a load takes at its peak.
//
// A load uses the threads given, T3's two at least; "both" adds one that loads S3Gen beside T3, as the engine does. What
// is timed ends when the model is ready: every byte has been read, checked and, of T3's matrices, packed.
// Reading copies from the page cache into a buffer of 1 MB that stays near the processor, which is the least that
// anybody could do; by one thread, and by as many as load.
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "config/fault.h"
#include "worker/chatterbox/networks.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/engine_environment.h"
#include "worker/weights/safetensors.h"

namespace {

using namespace lectern;
using namespace lectern::chatterbox;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// VmRSS or VmHWM, in bytes.
double memory_of(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return 1024 * std::stod(line.substr(line.find(':') + 1));
  }
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

// The bytes of one file that a network uses, in pieces of the buffer's size.
class UsedBytes {
 public:
  UsedBytes(const std::filesystem::path& file, const std::function<bool(const std::string&)>& is_used)
      : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    const weights::SafetensorsFile stored(file);
    for (const auto& [name, tensor] : stored.tensors()) {
      if (!is_used(name)) continue;
      const auto place = static_cast<std::size_t>(tensor.bytes.data() - stored.mapping()->bytes().data());
      for (std::size_t at = 0; at < tensor.bytes.size(); at += kPiece) {
        pieces_.push_back({place + at, std::min(kPiece, tensor.bytes.size() - at)});
        count_ += pieces_.back().size;
      }
    }
  }
  ~UsedBytes() { ::close(descriptor_); }
  UsedBytes(const UsedBytes&) = delete;

  std::size_t count() const { return count_; }
  void read(int threads) const {
    std::atomic<std::size_t> next = 0, got = 0;
    const auto work = [&] {
      std::vector<char> buffer(kPiece);
      for (std::size_t i = next++; i < pieces_.size(); i = next++) {
        const auto count = ::pread(descriptor_, buffer.data(), pieces_[i].size, static_cast<off_t>(pieces_[i].start));
        if (count > 0) got += static_cast<std::size_t>(count);
      }
    };
    {
      std::vector<std::jthread> helpers;
      for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
      work();
    }
    if (got != count_) throw Fault(Exit::bad_input, "a file changed while it was read");
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 20;
  struct Piece {
    std::size_t start, size;
  };
  int descriptor_;
  std::vector<Piece> pieces_;
  std::size_t count_ = 0;
};

// A virtual machine gives free memory back to its host and may then wait seconds to be given it again, which no program
// can help: so much is asked for and let go right before a load.
void have_memory(std::size_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  for (std::size_t i = 0; i < bytes; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  ::munmap(memory, bytes);
}

struct Figures {
  std::vector<double> alone, together, load;  // seconds, one a turn
  double peak = 0;                            // bytes that a load takes
};

// The middle of the quotients turn by turn, the least and the greatest.
std::string quotients(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> of;
  for (std::size_t i = 0; i < a.size(); ++i) of.push_back(a[i] / b[i]);
  std::sort(of.begin(), of.end());
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", of[of.size() / 2], of.front(), of.back());
}

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const std::string& name, const std::vector<const UsedBytes*>& files, int threads, int turns,
             const std::function<std::shared_ptr<const void>()>& load) {
  Figures figures;
  std::size_t count = 0;
  for (const UsedBytes* file : files) count += file->count();
  const auto read = [&](int readers) {
    return seconds([&] {
      for (const UsedBytes* file : files) file->read(readers);
    });
  };
  load();  // what is done once in a process: libtorch's own start
  for (int i = 0; i < turns; ++i) {
    figures.alone.push_back(read(1));
    figures.together.push_back(read(threads));
    have_memory(count);
    const double before = memory_of("VmRSS");
    forget_peak();
    std::shared_ptr<const void> loaded;
    figures.load.push_back(seconds([&] { loaded = load(); }));
    figures.peak = std::max(figures.peak, memory_of("VmHWM") - before);
  }
  fmt::print(
      "{:<6} {:.0f} MB, {} threads: load {:.3f} s, read by 1 thread {:.3f} s, by {} {:.3f} s; load / read by 1 "
      "{}, by {} {}; peak memory {:.2f} x what is used\n",
      name, double(count) / 1e6, threads, middle(figures.load), middle(figures.alone), threads,
      middle(figures.together), quotients(figures.load, figures.alone), threads,
      quotients(figures.load, figures.together), figures.peak / double(count));
}

int run(int argc, char** argv) {
  CLI::App app("chatterbox_load_bench: loading a Chatterbox model beside reading its files");
  std::string folder;
  std::vector<int> threads = {1, 2};
  std::vector<std::string> parts = {"s3gen", "t3", "both"};
  int turns = 7;
  app.add_option("FOLDER", folder, "a model's folder; synthetic_model --turbo writes one")->required();
  app.add_option("--threads", threads);
  app.add_option("--parts", parts, "s3gen, t3, both");
  app.add_option("--turns", turns);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  const std::filesystem::path model = folder;
  const T3Size& size = std::filesystem::exists(model / kTurbo.file) ? kTurbo : kNano;
  const UsedBytes t3(model / size.file,
                     [](const std::string& name) { return name != "tfmr.wte.weight" && name != "text_head.weight"; });
  const UsedBytes s3gen(model / s3gen::kCheckpointName,
                        [](const std::string& name) { return !s3gen::belongs_to_enrolment(name); });
  const c10::InferenceMode inference;
  for (const int count : threads) {
    at::set_num_threads(count);
    for (const std::string& part : parts) {
      if (part == "s3gen") measure(part, {&s3gen}, count, turns, [&] { return s3gen::S3Token2Wav::load(model, {}); });
      if (part == "t3") measure(part, {&t3}, count, turns, [&] { return T3::load(model, {.threads = count}); });
      if (part == "both") {
        measure(part, {&t3, &s3gen}, count, turns,
                [&] { return std::make_shared<const Networks>(load_networks(model, {.threads = count}, {})); });
      }
    }
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
  return lectern::run_main(run, argc, argv);
}
