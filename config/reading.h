// Which parts of a script are left out when told: it is said by the user, a folder, front matter or the settings.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "config/fault.h"
#include "config/strict_yaml.h"

namespace lectern {

// `contents`: contents pages. `boilerplate`: what publishers put before and behind a text, as Project Gutenberg does.
// `footnotes`: notes at the foot of pages, chapters and books.
enum class ScriptPart { body, contents, boilerplate, footnotes };
inline constexpr const char* kScriptPartNames[] = {"body", "contents", "boilerplate", "footnotes"};

struct ReadingSettings {
  std::set<ScriptPart> skip;  // these are not read; never `body`

  bool operator==(const ReadingSettings&) const = default;
};

// "contents,boilerplate", "footnotes" or "none". Throws Fault(usage) naming `option`.
ReadingSettings parse_reading(const std::string& words, const std::string& option);
// The same words back.
std::string words_of(const ReadingSettings& reading);
// A word or a list of them under `key`. Throws Fault(bad_input) with file and line.
ReadingSettings take_reading(const YamlFields& fields, const std::string& key, const YAML::Node& value);
// As it is sent and stored: {"skip": ["contents"]}. Throws Fault(bad_input) for anything else; null and {} skip
// nothing.
nlohmann::json to_json(const ReadingSettings& reading);
ReadingSettings parse_reading_json(const nlohmann::json& json);

}  // namespace lectern
