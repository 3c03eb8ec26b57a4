#include "cli/model_file.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/fault.h"

namespace lectern::cli {
namespace {

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

// The bytes that a file with this header has; 0 when it is none.
std::uint64_t size_told_by(const std::string& header) try {
  const nlohmann::json tensors = nlohmann::json::parse(header);
  std::uint64_t end = 0;
  for (const auto& [name, entry] : tensors.items())
    if (name != "__metadata__") end = std::max(end, entry.at("data_offsets").at(1).get<std::uint64_t>());
  return sizeof(std::uint64_t) + header.size() + end;
} catch (const nlohmann::json::exception&) {
  return 0;
}

}  // namespace

void require_whole(const std::filesystem::path& name, const std::filesystem::path& file, const std::string& origin) {
  if (name.extension() != ".safetensors") return;
  const std::uint64_t size = std::filesystem::file_size(file);
  std::ifstream in(file, std::ios::binary);
  std::string start(std::min<std::uint64_t>(size, 64), '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start.starts_with("version https://git-lfs"))
    throw Fault(Exit::bad_input, origin + " is a Git LFS pointer, not the file itself",
                "run `git lfs pull` in that folder, or pull without --from");
  std::uint64_t length = 0;
  if (start.size() >= sizeof length) std::memcpy(&length, start.data(), sizeof length);
  std::uint64_t told = 0;
  if (length > 0 && length <= kLongestHeader && length <= size - sizeof length) {
    std::string header(length, '\0');
    in.seekg(sizeof length);
    if (in.read(header.data(), static_cast<std::streamsize>(length))) told = size_told_by(header);
  }
  if (told == 0)
    throw Fault(Exit::bad_input, origin + " is not a safetensors file (" + std::to_string(size) + " bytes)",
                "get the file again; what a browser or proxy saved may be a web page");
  if (told != size)
    throw Fault(Exit::bad_input,
                origin + " is not whole: it has " + std::to_string(size) + " bytes, its header tells of " +
                    std::to_string(told),
                "copy or fetch the file again");
}

}  // namespace lectern::cli
