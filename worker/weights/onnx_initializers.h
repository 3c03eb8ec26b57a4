// The constants (initialisers) of an ONNX file, without its graph: a checkpoint that happens to be published as ONNX.
//
// Only as much of the protobuf wire format is read as leads to them: no library is loaded and nothing is copied but
// the small tensors that are stored as packed numbers. Strict: a file that is cut short or lies about a length is
// refused with the tensor's name.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "worker/weights/mapped_file.h"
#include "worker/weights/stored_tensor.h"

namespace lectern::weights {

class OnnxInitializers {
 public:
  explicit OnnxInitializers(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_->path(); }
  const std::unordered_map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // nullptr: none of that name.
  const StoredTensor* find(const std::string& name) const;
  const std::shared_ptr<const MappedFile>& mapping() const { return file_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::deque<std::vector<std::byte>> decoded_;  // bytes of tensors that were stored as packed numbers
  std::unordered_map<std::string, StoredTensor> tensors_;
};

}  // namespace lectern::weights
