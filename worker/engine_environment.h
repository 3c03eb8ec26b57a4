// The environment that an engine process must start with.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lectern {

// Variables that libraries read before main() and that can therefore not be set by the engine itself. `device` and
// `threads` as in EngineOptions.
std::vector<std::pair<std::string, std::string>> engine_environment(const std::string& device, int threads);

}  // namespace lectern
