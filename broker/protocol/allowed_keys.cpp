#include "broker/protocol/allowed_keys.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "broker/protocol/curve.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/paths.h"

namespace lectern::protocol {
namespace {

namespace fs = std::filesystem;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

void keep(const fs::path& file, const std::vector<AllowedKey>& keys) {
  std::string text = "# Workers of other machines that may speak for this broker: KEY NAME\n";
  for (const AllowedKey& key : keys) text += key.key + " " + key.name + "\n";
  make_folder(file.parent_path(), true);
  const fs::path aside = file.string() + "." + std::to_string(getpid()) + ".tmp";
  write_file(aside, text);
  fs::rename(aside, file);
  sync_to_disk(file.parent_path());
}

}  // namespace

std::vector<AllowedKey> read_allowed_keys(const fs::path& file) {
  std::vector<AllowedKey> keys;
  std::error_code error;
  if (!fs::exists(file, error)) return keys;
  std::istringstream lines(read_file(file));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    AllowedKey key;
    std::string more;
    std::istringstream words(line);
    if (!(words >> key.key) || key.key[0] == '#') continue;
    if (!is_key(key.key) || !(words >> key.name) || !is_name(key.name) || words >> more)
      throw Fault(Exit::bad_input, file.string() + ":" + std::to_string(number) + ": this is no 'KEY NAME'",
                  "remove the line, and use: lectern key allow NAME KEY");
    keys.push_back(key);
  }
  return keys;
}

void allow_key(const fs::path& file, const AllowedKey& key) {
  if (!is_name(key.name))
    throw Fault(Exit::usage, "'" + key.name + "' is no name for a key", "use letters, digits, '.', '_' and '-'");
  if (!is_key(key.key))
    throw Fault(Exit::usage, "'" + key.key + "' is no public key",
                "a key has 40 characters; `lectern key` on the other machine shows its own (quote it)");
  std::vector<AllowedKey> keys = read_allowed_keys(file);
  for (const AllowedKey& known : keys) {
    if (known.key == key.key) throw Fault(Exit::bad_input, "this key is allowed already, as " + known.name, "");
    if (known.name == key.name)
      throw Fault(Exit::bad_input, "there is a key of that name: " + key.name,
                  "remove it first: lectern key remove " + key.name);
  }
  keys.push_back(key);
  keep(file, keys);
}

void forget_key(const fs::path& file, const std::string& name) {
  std::vector<AllowedKey> keys = read_allowed_keys(file);
  if (std::erase_if(keys, [&](const AllowedKey& key) { return key.name == name; }) == 0)
    throw Fault(Exit::not_found, "no key of that name is allowed: " + name, "`lectern key list` shows them");
  keep(file, keys);
}

}  // namespace lectern::protocol
