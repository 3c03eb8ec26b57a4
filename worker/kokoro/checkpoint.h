// The weights of a model folder under the names of the reference's state_dict.
#pragma once

#include <filesystem>
#include <memory>

#include "worker/weights/state.h"

namespace lectern::kokoro {

// model.safetensors (full precision) when the folder has it, else kokoro-quantized.onnx; Fault(not_found) for neither.
std::unique_ptr<weights::TensorSource> open_checkpoint(const std::filesystem::path& folder);

// The quantised ONNX file: tensors are dequantised as they are read.
std::unique_ptr<weights::TensorSource> open_onnx_checkpoint(const std::filesystem::path& file);

// A safetensors file with the reference's names. Weight norm, in either of torch's spellings, is folded; what takes no
// part in inference (ALBERT's pooler, the identity scales of instance norms) is left out.
std::unique_ptr<weights::TensorSource> open_safetensors_checkpoint(const std::filesystem::path& file);

}  // namespace lectern::kokoro
