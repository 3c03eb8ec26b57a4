// Whether there is room on the disk for more work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lectern {

// Free bytes for this user where `path`, or the nearest folder above it that exists, is; UINT64_MAX when unknown.
std::uint64_t free_bytes(const std::filesystem::path& path);

// Looks at one folder's file system, at most every two seconds.
class DiskSpace {
 public:
  DiskSpace(std::filesystem::path folder, std::uint64_t reserve_bytes)
      : folder_(std::move(folder)), reserve_bytes_(reserve_bytes) {}
  // Why work must pause, for people; empty: it need not.
  const std::string& shortage(std::int64_t monotonic_ms);

 private:
  std::filesystem::path folder_;
  std::uint64_t reserve_bytes_;
  std::int64_t looked_ms_ = 0;
  std::string shortage_;
};

}  // namespace lectern
