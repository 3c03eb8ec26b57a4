#include "broker/publish/output_name.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "broker/publish/publisher.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/subtitles.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kExtensionBytes = 16;  // a longer "extension" is part of a sentence with a full stop
constexpr std::size_t kTitleBytes = 120;     // of a chapter's title in the name of its file
const std::string kSidecar = ".json";

struct NameParts {
  std::string stem, extension;
};

NameParts split(const fs::path& file) {
  NameParts parts{file.stem().string(), file.extension().string()};
  if (parts.extension.size() > kExtensionBytes) parts = {file.filename().string(), ""};
  return parts;
}

// Of "STEM (number)..."; 0: there is none.
unsigned number_in(const std::string& name) {
  unsigned number = 0;
  if (const auto open = name.rfind(" ("); open != std::string::npos)
    std::from_chars(name.data() + open + 2, name.data() + name.size(), number);
  return number;
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
  const unsigned number = number_in(sidecar);
  const fs::path audio = numbered_name(target, number);
  if (number < 2 || sidecar_name(audio).filename() != sidecar) return std::nullopt;
  return audio;
}

fs::path numbered_folder(const fs::path& target, unsigned number) {
  if (number <= 1) return target;
  const std::string suffix = " (" + std::to_string(number) + ")";
  return target.parent_path() / (cut_text(target.filename().string(), kNameBytes - suffix.size()) + suffix);
}

bool is_numbered_folder(const fs::path& target, const std::string& name) {
  const unsigned number = number_in(name);
  return name == target.filename() || (number > 1 && name == numbered_folder(target, number).filename());
}

fs::path sidecar_of(const fs::path& output) {
  std::error_code error;
  return fs::is_directory(output, error) ? output / kFolderSidecar : sidecar_name(output);
}

fs::path name_beside(const fs::path& audio, const std::string& extension) {
  return audio.parent_path() / (cut_text(split(audio).stem, kNameBytes - extension.size()) + extension);
}

fs::path staged_name(const fs::path& folder, const std::string& job_id, const std::string& what) {
  return folder / (".lectern-" + staged_id(job_id) + "." + what + ".part");
}

std::string chapter_name(std::size_t number, std::size_t of, const std::string& title, const std::string& extension) {
  std::string digits = std::to_string(number);
  digits.insert(0, std::max<std::size_t>(2, std::to_string(of).size()) - digits.size(), '0');
  std::string name = cut_text(title, kTitleBytes);
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || std::string_view("/\\:*?\"<>|").find(c) != std::string::npos)
      c = ' ';
  std::string words;
  for (const char c : name)
    if (c != ' ' || (!words.empty() && words.back() != ' ')) words += c;
  words.erase(words.find_last_not_of(" .") + 1);
  return digits + (words.empty() ? "" : " " + words) + extension;
}

fs::path free_name(const fs::path& target, const Delivery& delivery,
                   const std::function<bool(const fs::path&)>& taken) {
  for (unsigned number = 1;; ++number) {
    const fs::path name = delivery.by_chapters() ? numbered_folder(target, number) : numbered_name(target, number);
    bool free = !stands(name) && !(taken && taken(name));
    if (!delivery.by_chapters()) {
      free = free && !stands(sidecar_name(name));
      for (const SubtitleKind& kind : subtitle_kinds())
        if (delivery.wants(kind.name)) free = free && !stands(name_beside(name, kind.extension));
    }
    if (free) return name;
  }
}

}  // namespace lectern::publish
