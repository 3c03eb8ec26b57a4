#include "broker/publish/output_name.h"

#include <algorithm>
#include <charconv>

#include "broker/publish/publisher.h"
#include "broker/publish/staged_file.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kExtensionBytes = 16;  // a longer "extension" is part of a sentence with a full stop
const std::string kSidecar = ".json";

struct NameParts {
  std::string stem, extension;
};

NameParts split(const fs::path& file) {
  NameParts parts{file.stem().string(), file.extension().string()};
  if (parts.extension.size() > kExtensionBytes) parts = {file.filename().string(), ""};
  return parts;
}

std::string staged_id(const std::string& job_id) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  const bool usable = !job_id.empty() && job_id.size() <= 128 && std::all_of(job_id.begin(), job_id.end(), plain);
  return usable ? job_id : "sha256-" + sha256(job_id);
}

}  // namespace

std::string cut_text(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  text.resize(bytes);
  return text;
}

fs::path numbered_name(const fs::path& target, unsigned number) {
  if (number <= 1) return target;
  const auto [stem, extension] = split(target);
  const std::string suffix = " (" + std::to_string(number) + ")";
  const std::size_t room = kNameBytes - suffix.size() - std::max(extension.size(), kSidecar.size());
  return target.parent_path() / (cut_text(stem, room) + suffix + extension);
}

fs::path sidecar_name(const fs::path& audio) {
  return audio.parent_path() / (cut_text(split(audio).stem, kNameBytes - kSidecar.size()) + kSidecar);
}

std::optional<fs::path> audio_of_sidecar(const fs::path& target, const std::string& sidecar) {
  if (sidecar_name(target).filename() == sidecar) return target;
  if (!sidecar.ends_with(")" + kSidecar)) return std::nullopt;
  const auto open = sidecar.rfind(" (");
  if (open == std::string::npos) return std::nullopt;
  unsigned number = 0;
  std::from_chars(sidecar.data() + open + 2, sidecar.data() + sidecar.size(), number);
  const fs::path audio = numbered_name(target, number);
  if (number < 2 || sidecar_name(audio).filename() != sidecar) return std::nullopt;
  return audio;
}

fs::path staged_audio_name(const fs::path& folder, const std::string& job_id) {
  return folder / (".lectern-" + staged_id(job_id) + ".audio.part");
}

fs::path staged_sidecar_name(const fs::path& folder, const std::string& job_id) {
  return folder / (".lectern-" + staged_id(job_id) + ".json.part");
}

fs::path free_name(const fs::path& target, const std::function<bool(const fs::path&)>& taken) {
  for (unsigned number = 1;; ++number) {
    const fs::path name = numbered_name(target, number);
    if (!stands(name) && !stands(sidecar_name(name)) && !(taken && taken(name))) return name;
  }
}

}  // namespace lectern::publish
