// Kokoro-82M as an engine: one sentence a lane, each lane a thread with its share of the processor. No libtorch here.
#pragma once

#include <memory>

#include "worker/engine.h"

namespace lectern::kokoro {

// Raised whenever the same request would sound different.
inline constexpr int kRevision = 1;

// Loads options.model_folder: kokoro-quantized.onnx or model.safetensors, tokenizer.json, voices/NAME.bin. Throws Fault
// naming the file and the mend. The process environment must be that of engine_environment() when libtorch starts.
std::unique_ptr<Engine> make_engine(const EngineOptions& options);

}  // namespace lectern::kokoro
