#include "config/lexicon.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/fault.h"
#include "config/file.h"
#include "config/phonemes.h"
#include "config/strict_yaml.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n"), last = text.find_last_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, last + 1 - first);
}

LexiconEntry take_entry(const YAML::Node& node, const std::string& file) {
  YamlFields fields(node, file, "an entry");
  const auto text = [&](const char* key) {
    const YAML::Node value = fields.find(key);
    return value.IsDefined() ? fields.text(key, value) : std::string();
  };
  const YAML::Node word = fields.require("word"), spoken = fields.require("spoken");
  LexiconEntry entry;
  try {
    entry = make_entry(fields.text("word", word), fields.text("spoken", spoken));
  } catch (const Fault& fault) {
    fields.refuse(spoken, fault.what(), fault.hint());
  }
  entry.voice = text("voice");
  entry.model = text("model");
  if (const YAML::Node value = fields.find("whole_word"); value.IsDefined())
    entry.whole_word = fields.truth("whole_word", value);
  if (const YAML::Node value = fields.find("case"); value.IsDefined()) entry.match_case = fields.truth("case", value);
  fields.finish();
  return entry;
}

// In single quotes, where YAML reads nothing but text.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string yaml_of(const LexiconEntry& entry) {
  std::string text = "- word: " + quoted(entry.word) + "\n  spoken: " + quoted(spoken_as_written(entry)) + "\n";
  if (!entry.voice.empty()) text += "  voice: " + quoted(entry.voice) + "\n";
  if (!entry.model.empty()) text += "  model: " + quoted(entry.model) + "\n";
  if (!entry.whole_word) text += "  whole_word: false\n";
  if (entry.match_case) text += "  case: true\n";
  return text;
}

// The text without the lines of these entries; comments and blank lines in front of the next entry stay.
std::string without_lines(const std::string& text, const std::vector<std::size_t>& entries) {
  const YAML::Node list = YAML::Load(text);
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const auto line_of = [&](std::size_t i) { return static_cast<std::size_t>(list[i].Mark().line); };
    const std::size_t begin = line_of(*entry);
    std::size_t end = *entry + 1 < list.size() ? line_of(*entry + 1) : lines.size();
    const auto is_remark = [](const std::string& line) {
      const auto first = line.find_first_not_of(" \t\r\n");
      return first == std::string::npos || line[first] == '#';
    };
    while (end > begin + 1 && is_remark(lines[end - 1])) --end;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.begin() + static_cast<std::ptrdiff_t>(end));
  }
  std::string rest;
  for (const std::string& line : lines) rest += line;
  return rest;
}

// Writes the text when it holds just these entries, else the entries alone.
void write_lexicon(const fs::path& file, std::string text, const Lexicon& entries) {
  bool holds = false;
  try {
    holds = parse_lexicon(text, file.string()) == entries;
  } catch (const std::exception&) {
  }
  if (!holds) {
    text.clear();
    for (const LexiconEntry& entry : entries) text += yaml_of(entry);
  }
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  fs::path staged = file;
  staged += ".part";
  write_file(staged, text);
  fs::rename(staged, file, error);
  if (error) throw system_fault("cannot write " + file.string(), error.value());
}

}  // namespace

LexiconEntry make_entry(const std::string& word, const std::string& spoken) {
  LexiconEntry entry;
  entry.word = trimmed(word);
  entry.spoken = trimmed(spoken);
  if (entry.word.empty())
    throw Fault(Exit::bad_input, "an entry of the lexicon has an empty word", "write the word as the script has it");
  if (entry.word.find_first_of("[]\n") != std::string::npos)
    throw Fault(Exit::bad_input, "'" + entry.word + "' holds a bracket or a line end, which no word has",
                "write the word as the script has it");
  const std::string& s = entry.spoken;
  entry.phonemes = s.size() >= 2 && s.front() == '/' && s.back() == '/';
  if (entry.phonemes) entry.spoken = trimmed(s.substr(1, s.size() - 2));
  if (entry.spoken.empty())
    throw Fault(Exit::bad_input, "'" + entry.word + "' has nothing that is spoken for it",
                "write how it is spoken: Chumley, or as IPA /ˈtʃʌmli/");
  if (!entry.phonemes) return entry;
  if (const std::string unknown = unknown_phoneme(entry.spoken); !unknown.empty())
    throw Fault(Exit::bad_input,
                "'" + entry.word + "': '" + unknown + "' in /" + entry.spoken + "/ is no phoneme that a model knows",
                "write IPA as dictionaries do, as in /ˈtʃʌmli/");
  return entry;
}

std::string spoken_as_written(const LexiconEntry& entry) {
  return entry.phonemes ? "/" + entry.spoken + "/" : entry.spoken;
}

bool same_place(const LexiconEntry& a, const LexiconEntry& b) {
  return a.word == b.word && a.voice == b.voice && a.model == b.model;
}

Lexicon parse_lexicon(const std::string& yaml, const std::string& file) {
  const YAML::Node list = parse_yaml(yaml, file);
  Lexicon lexicon;
  if (list.IsNull()) return lexicon;
  if (!list.IsSequence())
    throw Fault(Exit::bad_input, file + ":" + std::to_string(list.Mark().line + 1) + ": a lexicon is a list of entries",
                "begin each entry with '- word: ...'");
  for (const auto& node : list) {
    LexiconEntry entry = take_entry(node, file);
    for (const LexiconEntry& other : lexicon)
      if (same_place(entry, other))
        throw Fault(Exit::bad_input,
                    file + ":" + std::to_string(node.Mark().line + 1) + ": '" + entry.word +
                        "' stands twice for the same voice and model",
                    "remove one of them");
    lexicon.push_back(std::move(entry));
  }
  return lexicon;
}

Lexicon read_lexicon(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error))
    throw Fault(Exit::not_found, "lexicon not found: " + file.string(),
                "make it: lectern lexicon add WORD SPOKEN --file " + file.string());
  return parse_lexicon(read_file(file), file.string());
}

Lexicon joined(Lexicon weaker, const Lexicon& stronger) {
  std::erase_if(weaker, [&](const LexiconEntry& entry) {
    return std::any_of(stronger.begin(), stronger.end(), [&](const auto& other) { return same_place(entry, other); });
  });
  weaker.insert(weaker.end(), stronger.begin(), stronger.end());
  return weaker;
}

bool add_entry(const fs::path& file, const LexiconEntry& entry) {
  std::error_code error;
  std::string text = fs::exists(file, error) ? read_file(file) : "";
  Lexicon lexicon = parse_lexicon(text, file.string());
  const auto known = std::find_if(lexicon.begin(), lexicon.end(), [&](const auto& e) { return same_place(e, entry); });
  const bool replaces = known != lexicon.end();
  if (replaces) {
    text = without_lines(text, {static_cast<std::size_t>(known - lexicon.begin())});
    lexicon.erase(known);
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  lexicon.push_back(entry);
  write_lexicon(file, text + yaml_of(entry), lexicon);
  return replaces;
}

std::size_t remove_entries(const fs::path& file, const std::string& word, const std::string& voice,
                           const std::string& model) {
  const Lexicon all = read_lexicon(file);
  Lexicon rest;
  std::vector<std::size_t> gone;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool fits =
        all[i].word == word && (voice.empty() || all[i].voice == voice) && (model.empty() || all[i].model == model);
    fits ? gone.push_back(i) : rest.push_back(all[i]);
  }
  if (!gone.empty()) write_lexicon(file, without_lines(read_file(file), gone), rest);
  return gone.size();
}

nlohmann::json lexicon_json(const Lexicon& lexicon) {
  nlohmann::json list = nlohmann::json::array();
  for (const LexiconEntry& e : lexicon)
    list.push_back({{"word", e.word},
                    {"spoken", spoken_as_written(e)},
                    {"voice", e.voice},
                    {"model", e.model},
                    {"whole_word", e.whole_word},
                    {"case", e.match_case}});
  return list;
}

Lexicon lexicon_of(const nlohmann::json& json) {
  Lexicon lexicon;
  for (const auto& e : json) {
    LexiconEntry entry;
    entry.word = e.at("word");
    entry.spoken = e.at("spoken");
    entry.phonemes = entry.spoken.size() >= 2 && entry.spoken.front() == '/' && entry.spoken.back() == '/';
    if (entry.phonemes) entry.spoken = entry.spoken.substr(1, entry.spoken.size() - 2);
    entry.voice = e.at("voice");
    entry.model = e.at("model");
    entry.whole_word = e.at("whole_word");
    entry.match_case = e.at("case");
    lexicon.push_back(std::move(entry));
  }
  return lexicon;
}

}  // namespace lectern
