// A checkpoint as published: safetensors under the names of the reference's state_dict. Tensors are views of the mapped
// file. For one thread.
#pragma once

#include "worker/weights/safetensors.h"
#include "worker/weights/state.h"

namespace lectern::weights {

class CheckpointFile : public TensorSource {
 public:
  // Throws Fault naming the file.
  explicit CheckpointFile(const std::filesystem::path& file) : file_(file) {}
  const std::filesystem::path& path() const override { return file_.path(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file_.tensors()) names.push_back(name);
    return names;
  }
  at::Tensor read(const std::string& name) const override {
    const auto found = file_.tensors().find(name);
    return found == file_.tensors().end() ? at::Tensor() : view_of(found->second, name, file_.mapping());
  }

 private:
  SafetensorsFile file_;
};

}  // namespace lectern::weights
