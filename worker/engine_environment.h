// What the engine's process needs around it. No libtorch here: whoever starts the engine calls this before exec.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace lectern {

// The environment variables that must be set before libtorch starts (they are read once, by library constructors).
// `device`: "cpu" or "cuda:N"; `threads`: EngineOptions::threads.
std::vector<std::pair<std::string, std::string>> engine_environment(const std::string& device, int threads);

// The BLAS that this process has loaded: its file, empty when there is none. The reference one multiplies matrices 40
// times slower than the others.
struct LoadedBlas {
  std::string file;
  bool reference = false;
};
LoadedBlas loaded_blas();

// Called in the engine: what makes it slow and how to mend it, empty when all is well. Tells of the reference BLAS
// (matrix products 40 times slower) and of an environment that was not set.
std::vector<std::string> engine_environment_warnings(const std::string& device, int threads);

// Memory that this process may still take, in bytes: the machine's, or less where a control group limits it.
std::uint64_t available_memory_bytes();
// All that it could take if nobody else had any.
std::uint64_t total_memory_bytes();
// How many processes the kernel has ended so far because memory ran out.
std::uint64_t kernel_memory_kills();

// Whether it tells that memory ran out, of the machine or of the device: nobody's fault.
bool out_of_memory(const std::exception& error);

}  // namespace lectern
