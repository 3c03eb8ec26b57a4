// The formats of scripts: their names in protocol, store and options, and the extensions of their files.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lectern {

struct ScriptFormat {
  std::string_view name;
  std::array<std::string_view, 3> extensions;  // lower case, without the full stop; empty ones do not count
  bool in_folders = true;  // taken from folders; subtitles are not: Lectern writes such files itself
};

// In the order of text::Format.
inline constexpr ScriptFormat kScriptFormats[] = {{"plain", {"txt", "text"}},
                                                  {"markdown", {"md", "markdown"}},
                                                  {"html", {"html", "htm", "xhtml"}},
                                                  {"epub", {"epub"}},
                                                  {"docx", {"docx"}},
                                                  {"srt", {"srt"}, false},
                                                  {"ssml", {"ssml"}}};

// By the extension, in any case; nothing is known of others: "plain".
std::string script_format_of(const std::filesystem::path& path);
// Whether it is taken from a folder, by its extension.
bool is_script_name(const std::filesystem::path& path);
bool is_script_format(std::string_view name);
// "plain, markdown, ... or ssml"
std::string script_format_names();
// The extensions of what is taken from a folder, in order: "txt", "text", "md" ...
std::vector<std::string> script_extensions();
// ".txt .text .md ... and .ssml"
std::string script_extension_words();

}  // namespace lectern
