#include "broker/publish/tags.h"

#include "config/fault.h"
#include "config/file.h"

namespace lectern::publish {

namespace fs = std::filesystem;

Cover read_cover(const fs::path& file, const std::string& format) {
  const bool opus = format == "opus";
  const auto refuse = [&](const std::string& what) {
    throw Fault(Exit::bad_input, "cover " + file.string() + " " + what, opus ? "name a JPEG or PNG picture below 24 kB, or choose another format"
                          : "name a JPEG or PNG picture below 10 MB");
  };
  std::error_code error;
  if (!fs::exists(file, error)) refuse("is not there");
  if (!fs::is_regular_file(file, error)) refuse("is not a file");
  const auto bytes = fs::file_size(file, error);
  if (bytes > kMostCoverBytes) refuse("is larger than 10 MB");
  if (opus && bytes > kMostOpusCoverBytes) refuse("is larger than the 24 kB that fit into an Opus file");
  Cover cover = cover_in(read_file(file));
  if (cover.mime.empty()) refuse("is neither JPEG nor PNG");
  return cover;
}

Cover cover_in(std::string bytes) {
  if (bytes.size() > kMostCoverBytes) return {};
  if (bytes.starts_with("\xFF\xD8\xFF")) return {std::move(bytes), "image/jpeg"};
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return {std::move(bytes), "image/png"};
  return {};
}

std::string track_text(const SoundTags& tags) {
  if (tags.track == 0) return "";
  return std::to_string(tags.track) + (tags.tracks > 0 ? "/" + std::to_string(tags.tracks) : "");
}

}  // namespace lectern::publish
