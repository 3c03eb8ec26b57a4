#include "config/script_name.h"

#include <algorithm>

namespace lectern {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return extension;
}

bool is_passing_name(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.front() == '~' || name.back() == '~') return true;
  const std::string extension = lower_extension(name);
  for (const char* passing : {".tmp", ".part", ".partial", ".crdownload", ".filepart"})
    if (extension == passing) return true;
  return false;
}

std::string script_title(const fs::path& path) {
  const std::string extension = path.extension().string();
  const bool plain = extension.size() >= 2 && extension.size() <= 9 &&
                     extension.find_first_not_of("0123456789", 1) != std::string::npos &&
                     std::all_of(extension.begin() + 1, extension.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                     });
  return (plain ? path.stem() : path.filename()).string();
}

}  // namespace lectern
