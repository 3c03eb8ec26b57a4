// What a command line names as scripts: files, folders, globs that the shell left alone, and "-".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/fault.h"

namespace lectern {

struct Script {
  std::filesystem::path path;  // as named or found; "-" for standard input
  bool stream = false;         // standard input, a pipe or a device: has no name and no size of its own
  std::string format = "plain";  // by its extension; see script_format.h

  std::string title() const;  // its file name without the extension; empty for a stream
};

// Something named that cannot be a script, and why.
struct BadScript {
  std::filesystem::path path;
  Fault fault;
};

struct ScriptList {
  std::vector<Script> scripts;  // in the order named; what a folder or glob holds in natural order; each file once
  std::vector<BadScript> bad;
};

struct ScriptSearch {
  bool recursive = false;                // look into the folders of folders
  std::uint64_t max_bytes = 20'000'000;  // larger files are bad
};

// Looks and reads no content. Bad names do not stop the search.
ScriptList find_scripts(const std::vector<std::string>& words, const ScriptSearch& search);

// The bytes of a script. Throws Fault: unreadable, or larger than `max_bytes`, which is found before a file (not a
// stream) is read.
std::string read_script(const Script& script, std::uint64_t max_bytes);

}  // namespace lectern
