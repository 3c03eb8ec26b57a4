// The engine of Chatterbox Turbo and Nano.
#pragma once

#include <memory>

#include "worker/engine.h"

namespace lectern::chatterbox {

// Raised whenever the same request would sound different.
inline constexpr int kRevision = 2;

// Loads options.model_folder: t3_turbo_v1.safetensors or t3_nano_v1.safetensors, s3gen_meanflow.safetensors,
// vocab.json, merges.txt, added_tokens.json, and the voice conds.pt when it is there. Throws Fault naming the file and
// the mend. The process environment must be that of engine_environment() when libtorch starts.
std::unique_ptr<Engine> make_engine(const EngineOptions& options);

}  // namespace lectern::chatterbox
