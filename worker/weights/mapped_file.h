// A file mapped read-only into memory. Immutable, shared: whoever keeps a view of the bytes keeps the pointer.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace lectern::weights {

class MappedFile {
 public:
  // Throws Fault (not_found or bad_input) naming the file.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  // Takes a part that is not needed soon out of this process's memory; it is read from the file again when it is.
  void set_aside(std::span<const std::byte> part) const;
  // Brings a part of any file that is about to be read into this process's memory at once, not page by page.
  static void bring_in(std::span<const std::byte> part);

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes) : path_(std::move(path)), bytes_(bytes) {}
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace lectern::weights
