// Models in workers: told to come or go, and watched until they have.
#pragma once

#include <string>
#include <vector>

#include "cli/connection.h"

namespace lectern::cli {

// Asks for the workers as they are; no question of this kind keeps a model alive.
std::vector<protocol::WorkerView> workers(Connection& connection);

// The worker that has the model loaded, or, when it is still busy with other work, the one that will load it. Throws
// Fault when it cannot: no worker, no memory, an engine that fails.
protocol::WorkerView load_model(Connection& connection, const std::string& model, const std::string& keep);

// Memory that an unload gave back.
struct Freed {
  std::vector<std::string> models;
  std::uint64_t memory_bytes = 0, device_bytes = 0;
};
// Returns when the engines have ended and their memory is back. `model` empty: any. `now`: segments in work go back to
// the queue. Throws Fault for memory that does not come back.
Freed unload_models(Connection& connection, const std::string& model, bool now);

// "freed 1.2 GB of memory", "nothing was loaded".
std::string text_of(const Freed& freed);

}  // namespace lectern::cli
