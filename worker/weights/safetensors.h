// A .safetensors file: 8 bytes little-endian header length, a JSON header, the tensors' bytes.
//
// Reading is strict: everything that the header says is checked against the file before anything is handed out, and
// every fault names the file and the tensor. The bytes stay in the mapped file; nothing is copied.
#pragma once

#include <map>
#include <string>

#include "worker/weights/mapped_file.h"
#include "worker/weights/stored_tensor.h"

namespace lectern::weights {

class SafetensorsFile {
 public:
  // Throws Fault(bad_input) for a file that is not whole or lies; Fault(not_found) when there is none.
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_->path(); }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Throws Fault when there is no tensor of that name.
  const StoredTensor& tensor(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Keeps the bytes valid for views that outlive this object.
  const std::shared_ptr<const MappedFile>& mapping() const { return file_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace lectern::weights
