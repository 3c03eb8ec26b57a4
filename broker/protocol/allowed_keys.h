// The public keys of workers on other machines that the broker lets in: a text file, one "KEY NAME" a line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lectern::protocol {

struct AllowedKey {
  std::string key;   // public, Z85
  std::string name;  // for people: letters, digits, '.', '_' and '-'
};

// The keys of the file; none when there is no file. Throws Fault naming file and line.
std::vector<AllowedKey> read_allowed_keys(const std::filesystem::path& file);

// Adds a key. Throws Fault when the name or the key stands there already, or is none.
void allow_key(const std::filesystem::path& file, const AllowedKey& key);
// Takes out the key of that name. Throws Fault(not_found).
void forget_key(const std::filesystem::path& file, const std::string& name);

}  // namespace lectern::protocol
