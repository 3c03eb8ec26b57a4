#include "broker/publish/output_name.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "broker/publish/folder_listing.h"
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

// These are views of strings, not paths: a path takes itself apart whenever it is made, and names are asked for at every
// submit.
struct NameParts {
  std::string_view folder, stem, extension;  // folder: with its slash
};

NameParts split(std::string_view file) {
  const auto name = file.rfind('/') + 1;  // 0: there is no folder
  const auto dot = file.rfind('.');
  const bool has_extension = dot != file.npos && dot > name && file.substr(name) != ".." &&
                             file.size() - dot <= kExtensionBytes;
  const auto end = has_extension ? dot : file.size();
  return {file.substr(0, name), file.substr(name, end - name), file.substr(end)};
}

// In its folder, with another extension; a stem too long for a name is cut.
std::string beside(std::string_view file, std::string_view extension) {
  const NameParts parts = split(file);
  std::string name(parts.folder);
  name += cut_text(std::string(parts.stem), kNameBytes - extension.size());
  return name += extension;
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
  const auto [folder, stem, extension] = split(target.native());
  const std::string suffix = " (" + std::to_string(number) + ")";
  const std::size_t room = kNameBytes - suffix.size() - std::max(extension.size(), kSidecar.size());
  return std::string(folder) + cut_text(std::string(stem), room) + suffix + std::string(extension);
}

fs::path sidecar_name(const fs::path& audio) { return beside(audio.native(), kSidecar); }

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
  return beside(audio.native(), extension);
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
                   const std::function<bool(const fs::path&)>& taken, FolderListing* listing) {
  const auto stands = [&](const std::string& file) { return listing ? listing->stands(file) : publish::stands(file); };
  for (unsigned number = 1;; ++number) {
    const fs::path numbered = number <= 1               ? fs::path()
                              : delivery.by_chapters() ? numbered_folder(target, number)
                                                       : numbered_name(target, number);
    const fs::path& name = number <= 1 ? target : numbered;
    bool free = !stands(name.native()) && !(taken && taken(name));
    if (!delivery.by_chapters()) {
      free = free && !stands(beside(name.native(), kSidecar));
      for (const SubtitleKind& kind : subtitle_kinds())
        if (delivery.wants(kind.name)) free = free && !stands(beside(name.native(), kind.extension));
    }
    if (free) return name;
  }
}

}  // namespace lectern::publish
