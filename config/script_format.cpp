#include "config/script_format.h"

#include <algorithm>

#include "config/script_name.h"

namespace lectern {
namespace {

const ScriptFormat* find_by_extension(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension.size() < 2) return nullptr;
  const auto word = std::string_view(extension).substr(1);
  for (const ScriptFormat& format : kScriptFormats)
    if (std::find(format.extensions.begin(), format.extensions.end(), word) != format.extensions.end()) return &format;
  return nullptr;
}

std::string list(const std::vector<std::string>& words, const char* comma, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? last : comma) + words[i];
  return text;
}

}  // namespace

std::string script_format_of(const std::filesystem::path& path) {
  const ScriptFormat* format = find_by_extension(path);
  return std::string(format ? format->name : kScriptFormats[0].name);
}

bool is_script_name(const std::filesystem::path& path) {
  const ScriptFormat* format = find_by_extension(path);
  return format && format->in_folders;
}

bool is_script_format(std::string_view name) {
  return std::any_of(std::begin(kScriptFormats), std::end(kScriptFormats),
                     [&](const ScriptFormat& format) { return format.name == name; });
}

std::string script_format_names() {
  std::vector<std::string> names;
  for (const ScriptFormat& format : kScriptFormats) names.emplace_back(format.name);
  return list(names, ", ", " or ");
}

std::vector<std::string> script_extensions() {
  std::vector<std::string> extensions;
  for (const ScriptFormat& format : kScriptFormats)
    for (const std::string_view extension : format.extensions)
      if (format.in_folders && !extension.empty()) extensions.emplace_back(extension);
  return extensions;
}

std::string script_extension_words() {
  std::vector<std::string> words;
  for (const std::string& extension : script_extensions()) words.push_back("." + extension);
  return list(words, " ", " and ");
}

}  // namespace lectern
