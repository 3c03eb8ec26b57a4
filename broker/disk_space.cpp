#include "broker/disk_space.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace lectern {

namespace {
constexpr std::int64_t kEveryMs = 2000;
}

std::uint64_t free_bytes(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path place = path;
  while (!place.empty() && !std::filesystem::exists(place, error) && place != place.parent_path())
    place = place.parent_path();
  const auto space = std::filesystem::space(place, error);
  return error ? UINT64_MAX : space.available;
}

const std::string& DiskSpace::shortage(std::int64_t now_ms) {
  if (looked_ms_ != 0 && now_ms - looked_ms_ < kEveryMs) return shortage_;
  looked_ms_ = now_ms;
  const std::uint64_t available = free_bytes(folder_);
  std::string found;
  if (available < reserve_bytes_)
    found = fmt::format("work pauses: only {} MB are free at {}, the reserve is {} MB; it goes on by itself",
                        available / 1'000'000, folder_.string(), reserve_bytes_ / 1'000'000);
  if (found.empty() != shortage_.empty()) spdlog::warn("{}", found.empty() ? "there is space again" : found);
  shortage_ = found;
  return shortage_;
}

}  // namespace lectern
