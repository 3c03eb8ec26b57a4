// Strict reading of YAML: every mistake is a Fault(bad_input) that reads "FILE:LINE: what is wrong", with the mend.
// YAML itself lets a key stand twice, lets a second document follow unseen and lets any word be any type; this does
// not.
#pragma once

#include <yaml-cpp/yaml.h>

#include <set>
#include <string>
#include <vector>

namespace lectern {

// Parses one document. An empty one is a null node. `file` stands in the messages.
YAML::Node parse_yaml(const std::string& text, const std::string& file);

// The entries of one mapping, asked for by key; finish() refuses what was not asked for.
class YamlFields {
 public:
  // `where` says which mapping this is, for the messages ("model 'sine'"); empty for the top of the file. A null node
  // is an empty mapping. Faults: not a mapping, a key that is not a word, a key that stands twice.
  YamlFields(YAML::Node node, const std::string& file, const std::string& where);

  std::vector<std::string> keys() const { return keys_; }
  // The value; an undefined node when the key is not there. Afterwards the key counts as known.
  YAML::Node find(const std::string& key);
  YAML::Node require(const std::string& key);
  void finish() const;

  // Values with their type and range; Fault when the value is something else. The range includes both ends.
  std::string text(const std::string& key, const YAML::Node& value) const;
  double number(const std::string& key, const YAML::Node& value, double low, double high) const;
  long long whole(const std::string& key, const YAML::Node& value, long long low, long long high) const;
  bool truth(const std::string& key, const YAML::Node& value) const;
  std::string choice(const std::string& key, const YAML::Node& value, const std::vector<std::string>& allowed) const;
  [[noreturn]] void refuse(const YAML::Node& at, const std::string& what, const std::string& hint) const;

  const std::string& file() const { return file_; }

 private:
  YAML::Node at(const std::string& key, const YAML::Node& value) const;

  YAML::Node node_;
  std::string file_, where_;
  std::vector<std::string> keys_;
  std::set<std::string> known_;
};

}  // namespace lectern
