// Writes a .safetensors file tensor by tensor, so that a checkpoint larger than the memory can be written.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "worker/weights/stored_tensor.h"

namespace lectern::weights {

struct SafetensorsEntry {
  std::string name;
  ElementType type = ElementType::float32;
  Shape shape;
};

// Writes the entries in their order; `read` gives each tensor as its turn comes and it is converted to the entry's
// type. The file is written under its own name: stage it beside its place and rename it where others may look. Throws
// Fault naming the file when it cannot be written, and Fault(internal) when a tensor does not have its entry's shape.
void write_safetensors(const std::filesystem::path& path, const std::vector<SafetensorsEntry>& entries,
                       const std::function<at::Tensor(const SafetensorsEntry&)>& read,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace lectern::weights
