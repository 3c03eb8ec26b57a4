#include "config/reading.h"

#include <algorithm>

#include "config/fault.h"

namespace lectern {
namespace {

constexpr ScriptPart kSkippable[] = {ScriptPart::contents, ScriptPart::boilerplate, ScriptPart::footnotes};
constexpr const char* kNone = "none";

const char* name_of(ScriptPart part) { return kScriptPartNames[static_cast<int>(part)]; }

// The part of that name, or nothing.
const ScriptPart* find_part(const std::string& name) {
  const auto found = std::find_if(std::begin(kSkippable), std::end(kSkippable),
                                  [&](ScriptPart part) { return name_of(part) == name; });
  return found == std::end(kSkippable) ? nullptr : &*found;
}

}  // namespace

ReadingSettings parse_reading(const std::string& words, const std::string& option) {
  ReadingSettings reading;
  for (std::size_t begin = 0; begin <= words.size();) {
    const std::size_t end = std::min(words.find(',', begin), words.size());
    const std::size_t first = std::min(words.find_first_not_of(' ', begin), end);
    std::string word = words.substr(first, end - first);
    while (!word.empty() && word.back() == ' ') word.pop_back();
    begin = end + 1;
    if (word == kNone && words.find(',') == words.npos) return reading;
    const ScriptPart* part = find_part(word);
    if (!part)
      throw Fault(Exit::usage, option + ": there is no part '" + word + "'",
                  "use contents, boilerplate, footnotes (with commas between them) or none");
    reading.skip.insert(*part);
  }
  return reading;
}

ReadingSettings take_reading(const YamlFields& fields, const std::string& key, const YAML::Node& value) {
  static const std::vector<std::string> kWords = {"contents", "boilerplate", "footnotes", "none"};
  ReadingSettings reading;
  const auto take = [&](const YAML::Node& word, bool alone) {
    const std::string name = fields.choice(key, word, kWords);
    if (const ScriptPart* part = find_part(name))
      reading.skip.insert(*part);
    else if (!alone)
      fields.refuse(word, "'none' stands beside other parts", "write skip: none alone");
  };
  if (!value.IsSequence()) {
    take(value, true);
    return reading;
  }
  for (const YAML::Node& word : value) take(word, value.size() == 1);
  return reading;
}

std::string words_of(const ReadingSettings& reading) {
  std::string words;
  for (const ScriptPart part : reading.skip) words += (words.empty() ? "" : ",") + std::string(name_of(part));
  return words.empty() ? kNone : words;
}

nlohmann::json to_json(const ReadingSettings& reading) {
  nlohmann::json skip = nlohmann::json::array();
  for (const ScriptPart part : reading.skip) skip.push_back(name_of(part));
  return {{"skip", skip}};
}

ReadingSettings parse_reading_json(const nlohmann::json& json) {
  ReadingSettings reading;
  if (json.is_null() || json.empty()) return reading;
  if (!json.is_object() || json.size() != 1 || !json.contains("skip") || !json["skip"].is_array())
    throw Fault(Exit::bad_input, "field 'reading': must be a JSON object with a list 'skip'");
  for (const nlohmann::json& word : json["skip"]) {
    const ScriptPart* part = word.is_string() ? find_part(word.get<std::string>()) : nullptr;
    if (!part)
      throw Fault(Exit::bad_input, "field 'reading': there is no part " + word.dump(),
                  "use contents, boilerplate and footnotes");
    reading.skip.insert(*part);
  }
  return reading;
}

}  // namespace lectern
