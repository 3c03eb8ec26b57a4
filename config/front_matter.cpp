#include "config/front_matter.h"

#include "config/fault.h"

namespace lectern {
namespace {

constexpr std::size_t kMostLines = 200;  // beyond them the second "---" is a rule of the text

struct Line {
  std::string_view text;  // without white space at its end
  std::size_t next = 0;   // where the line after it begins
};

Line line_at(std::string_view script, std::size_t begin) {
  const auto end = script.find_first_of("\r\n", begin);
  if (end == script.npos) return {script.substr(begin), script.size()};
  std::string_view text = script.substr(begin, end - begin);
  text.remove_suffix(text.size() - (text.find_last_not_of(" \t") + 1));
  return {text, end + (script.substr(end, 2) == "\r\n" ? 2 : 1)};
}

bool begins_settings(std::string_view line) {
  if (line.starts_with('#')) return true;
  constexpr std::string_view kKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const auto end = line.find_first_not_of(kKey);
  return end != line.npos && end > 0 && line[end] == ':' && (end + 1 == line.size() || line[end + 1] == ' ');
}

struct Parts {
  std::size_t begin = 0, end = 0;  // of the settings
  std::size_t bytes = 0;           // of all; 0: no front matter
};

Parts find(std::string_view script) {
  if (!script.starts_with("---")) return {};
  const Line opening = line_at(script, 0);
  if (opening.text != "---" || !begins_settings(line_at(script, opening.next).text)) return {};
  std::size_t at = opening.next;
  for (std::size_t i = 0; i < kMostLines && at < script.size(); ++i) {
    const Line line = line_at(script, at);
    if (line.text == "---" || line.text == "...") return {opening.next, at, line.next};
    at = line.next;
  }
  return {};
}

}  // namespace

std::size_t front_matter_bytes(std::string_view script) { return find(script).bytes; }

ScriptSettings read_front_matter(std::string_view script, const std::string& file) {
  const Parts parts = find(script);
  if (parts.bytes == 0) return {};
  // An empty line in place of the opening one keeps the line numbers of the file.
  std::string yaml = "\n" + std::string(script.substr(parts.begin, parts.end - parts.begin));
  return parse_script_settings(yaml, file);
}

}  // namespace lectern
