// A checkpoint of T3 as published: safetensors under the names of the reference's state_dict. For one thread.
#pragma once

#include "worker/weights/safetensors.h"
#include "worker/weights/state.h"

namespace lectern::chatterbox {

class T3Checkpoint : public weights::TensorSource {
 public:
  explicit T3Checkpoint(const std::filesystem::path& file) : file_(file) {}
  const std::filesystem::path& path() const override { return file_.path(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file_.tensors()) names.push_back(name);
    return names;
  }
  at::Tensor read(const std::string& name) const override {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) return {};
    // The network copies what it reads: the file's pages need not stay beside the copies.
    file_.mapping()->set_aside(latest_);
    latest_ = found->second.bytes;
    return weights::view_of(found->second, name, file_.mapping());
  }

 private:
  mutable std::span<const std::byte> latest_;  // what was read last
  weights::SafetensorsFile file_;
};

}  // namespace lectern::chatterbox
