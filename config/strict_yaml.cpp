#include "config/strict_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/fault.h"
#include "config/spelling.h"

namespace lectern {
namespace {

// yaml-cpp counts lines from 0; -1 stands for "no place".
std::string place(const std::string& file, const YAML::Mark& mark) {
  return mark.line < 0 ? file + ": " : fmt::format("{}:{}: ", file, mark.line + 1);
}

std::string kind(const YAML::Node& value) {
  switch (value.Type()) {
    case YAML::NodeType::Map:
      return "a mapping";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Null:
      return "nothing";
    default:
      return "'" + value.Scalar() + "'";
  }
}

// A plain (unquoted) scalar; "!" is yaml-cpp's tag for a quoted one.
bool plain(const YAML::Node& value) { return value.IsScalar() && value.Tag() != "!"; }

template <typename Number>
bool parse_all(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  return result.ec == std::errc() && result.ptr == end;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return list;
}

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& file) {
  try {
    // Without the end mark, yaml-cpp takes a quote that is never closed for text up to the end of the file.
    const std::vector<YAML::Node> documents = YAML::LoadAll(text + "\n...\n");
    if (documents.size() > 1)
      throw Fault(Exit::bad_input, file + ": more than one YAML document", "remove the lines '---' between them");
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& e) {
    throw Fault(Exit::bad_input, place(file, e.mark) + "not valid YAML: " + e.msg,
                "check the indentation, the colons and the quotes around that line");
  }
}

YamlFields::YamlFields(YAML::Node node, const std::string& file, const std::string& where)
    : node_(std::move(node)), file_(file), where_(where) {
  if (!node_.IsDefined() || node_.IsNull()) return;
  if (!node_.IsMap())
    refuse(node_, (where.empty() ? "the file" : where) + " must be a mapping of 'key: value' lines, not " + kind(node_),
           "write lines like 'key: value'");
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar())
      refuse(entry.first, "a key must be a word, not " + kind(entry.first), "use a plain word");
    const std::string key = entry.first.Scalar();
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end())
      refuse(entry.first, "key '" + key + "' stands twice", "remove one of them");
    keys_.push_back(key);
  }
}

YAML::Node YamlFields::find(const std::string& key) {
  known_.insert(key);
  if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) return YAML::Node(YAML::NodeType::Undefined);
  return node_[key];
}

YAML::Node YamlFields::require(const std::string& key) {
  YAML::Node value = find(key);
  if (!value.IsDefined())
    refuse(node_, (where_.empty() ? "" : where_ + ": ") + "key '" + key + "' is missing", "add '" + key + ": ...'");
  return value;
}

void YamlFields::finish() const {
  if (keys_.empty()) return;
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    if (known_.count(key)) continue;
    const std::vector<std::string> known(known_.begin(), known_.end());
    const std::string near = nearest_word(key, known);
    refuse(entry.first, "unknown key '" + key + "'" + (where_.empty() ? "" : " in " + where_),
           near.empty() ? "known keys: " + quoted_list(known) : "did you mean '" + near + "'?");
  }
}

// Where a value stands. yaml-cpp places a missing one at what follows it, so that the key is named instead.
YAML::Node YamlFields::at(const std::string& key, const YAML::Node& value) const {
  if (!value.IsNull() || !node_.IsMap()) return value;
  const std::string last = key.substr(key.rfind('.') + 1);
  for (const auto& entry : node_)
    if (entry.first.Scalar() == last) return entry.first;
  return value;
}

std::string YamlFields::text(const std::string& key, const YAML::Node& value) const {
  if (!value.IsScalar())
    refuse(at(key, value), "'" + key + "' must be text, not " + kind(value),
           "write '" + key + ": some text', or remove the line");
  return value.Scalar();
}

double YamlFields::number(const std::string& key, const YAML::Node& value, double low, double high) const {
  const std::string range = fmt::format("{} to {}", low, high);
  double parsed = 0;
  if (!plain(value) || !parse_all(value.Scalar(), parsed))
    refuse(at(key, value), "'" + key + "' must be a number, not " + kind(value), "use a number from " + range);
  if (!(parsed >= low && parsed <= high))
    refuse(at(key, value), "'" + key + "' is out of range: " + value.Scalar(), "use a number from " + range);
  return parsed;
}

long long YamlFields::whole(const std::string& key, const YAML::Node& value, long long low, long long high) const {
  const std::string hint = fmt::format("use a whole number from {} to {}", low, high);
  long long parsed = 0;
  const bool number = plain(value) && !value.Scalar().empty();
  const auto& digits = value.IsScalar() ? value.Scalar() : std::string();
  const std::size_t sign = !digits.empty() && digits[0] == '-' ? 1 : 0;
  if (!number || digits.size() == sign || digits.find_first_not_of("0123456789", sign) != std::string::npos)
    refuse(at(key, value), "'" + key + "' must be a whole number, not " + kind(value), hint);
  if (!parse_all(digits, parsed) || parsed < low || parsed > high)
    refuse(at(key, value), "'" + key + "' is out of range: " + digits, hint);
  return parsed;
}

bool YamlFields::truth(const std::string& key, const YAML::Node& value) const {
  if (plain(value) && value.Scalar() == "true") return true;
  if (plain(value) && value.Scalar() == "false") return false;
  refuse(at(key, value), "'" + key + "' must be true or false, not " + kind(value),
         "write '" + key + ": true' or '" + key + ": false'");
}

std::string YamlFields::choice(const std::string& key, const YAML::Node& value,
                               const std::vector<std::string>& allowed) const {
  const std::string word = text(key, value);
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return word;
  const std::string near = nearest_word(word, allowed);
  refuse(at(key, value), "'" + key + "' cannot be '" + word + "'",
         (near.empty() ? "" : "did you mean '" + near + "'? ") + ("use " + quoted_list(allowed)));
}

void YamlFields::refuse(const YAML::Node& at, const std::string& what, const std::string& hint) const {
  throw Fault(Exit::bad_input, place(file_, at.Mark()) + what, hint);
}

}  // namespace lectern
