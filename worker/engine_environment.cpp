#include "worker/engine_environment.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>

namespace lectern {

namespace {

constexpr const char* kBlasNames[] = {"libblas", "libopenblas", "libmkl_rt", "libmkl_core", "libblis"};

// The number at the start of a file, or `otherwise` ("max", no such file).
std::uint64_t number_in(const char* path, std::uint64_t otherwise) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : otherwise;
}

// OpenBLAS (0.3.21, Debian 12) does not know AMD's processors with AVX-512 and falls back to its AVX2 kernels, whose
// products take 1.75 times as long.
bool openblas_misses_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
#else
  return false;
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> engine_environment(const std::string& device, int threads) {
  std::vector<std::pair<std::string, std::string>> variables = {
      // at::set_num_threads() does not reach OpenBLAS's own threads, which would fight with the lanes.
      {"OPENBLAS_NUM_THREADS", "1"},
      // Waiting threads that spin make a busy machine two to three times slower.
      {"OMP_WAIT_POLICY", "passive"},
  };
  // Whoever set it already knows better.
  const char* core = std::getenv("OPENBLAS_CORETYPE");
  if (openblas_misses_avx512()) variables.emplace_back("OPENBLAS_CORETYPE", core && *core ? core : "SkylakeX");
  if (threads > 0) variables.emplace_back("OMP_NUM_THREADS", std::to_string(threads));
  if (device != "cpu") {
    variables.emplace_back("CUDA_MODULE_LOADING", "LAZY");       // kernels are loaded when first used
    variables.emplace_back("CUDA_DEVICE_ORDER", "PCI_BUS_ID");  // cuda:1 is the driver's device 1, whose memory is watched
  }
  return variables;
}

LoadedBlas loaded_blas() {
  LoadedBlas blas;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto path = line.find('/');
    const auto name = line.rfind('/') + 1;
    if (path == std::string::npos) continue;
    // Debian's alternatives: .../blas/libblas.so.3 is the reference, .../openblas-pthread/libblas.so.3 a fast one.
    const bool reference = line.find("/blas/libblas.so") != std::string::npos;
    const bool any = std::any_of(std::begin(kBlasNames), std::end(kBlasNames),
                                 [&](const char* start) { return line.compare(name, std::strlen(start), start) == 0; });
    if (reference || (any && blas.file.empty())) blas = {line.substr(path), reference};
    if (reference) break;
  }
  return blas;
}

std::vector<std::string> engine_environment_warnings(const std::string& device, int threads) {
  std::vector<std::string> warnings;
  if (const LoadedBlas blas = loaded_blas(); blas.reference)
    warnings.push_back("the reference BLAS is loaded (" + blas.file +
                       "): speech will be many times slower; install libopenblas0-pthread");
  for (const auto& [name, value] : engine_environment(device, threads)) {
    const char* found = std::getenv(name.c_str());
    if (found == nullptr || value != found) warnings.push_back("the engine was started without " + name + "=" + value);
  }
  return warnings;
}

namespace {

// A line "NAME NUMBER ..." of a file under /proc.
std::uint64_t number_of(const char* path, const std::string& name, std::uint64_t otherwise) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name)) return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  return otherwise;
}

constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr const char* kGroupLimit = "/sys/fs/cgroup/memory.max";

}  // namespace

std::uint64_t available_memory_bytes() {
  const std::uint64_t kilobytes = number_of("/proc/meminfo", "MemAvailable:", kUnlimited / 1024);
  const std::uint64_t limit = number_in(kGroupLimit, kUnlimited);
  if (limit == kUnlimited) return kilobytes * 1024;
  // Of what the group uses, cached files give way.
  const std::uint64_t current = number_in("/sys/fs/cgroup/memory.current", 0);
  const std::uint64_t cached = number_of("/sys/fs/cgroup/memory.stat", "inactive_file ", 0) +
                               number_of("/sys/fs/cgroup/memory.stat", "active_file ", 0);
  const std::uint64_t used = current > cached ? current - cached : 0;
  return std::min(kilobytes * 1024, limit > used ? limit - used : 0);
}

std::uint64_t total_memory_bytes() {
  return std::min(number_of("/proc/meminfo", "MemTotal:", kUnlimited / 1024) * 1024,
                  number_in(kGroupLimit, kUnlimited));
}

std::uint64_t kernel_memory_kills() { return number_of("/proc/vmstat", "oom_kill ", 0); }

bool out_of_memory(const std::exception& error) {
  const std::string what = error.what();  // libtorch throws its own type
  return dynamic_cast<const std::bad_alloc*>(&error) || what.find("allocate memory") != std::string::npos ||
         what.find("out of memory") != std::string::npos;
}

}  // namespace lectern
