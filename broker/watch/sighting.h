// What a look at a file of a watched folder showed, and which names are looked at.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/folder_settings.h"

namespace lectern::watch {

// The folders that Lectern makes inside a watched one.
inline constexpr const char* kClaims = ".lectern";
inline constexpr const char* kDone = "done";
inline constexpr const char* kFailed = "failed";
inline constexpr const char* kErrorNote = ".error.txt";  // NAME.error.txt
inline constexpr const char* kSidecar = ".yaml";         // NAME.yaml

// A file as it stood; any change of it makes another one.
struct Sighting {
  std::uint64_t device = 0, inode = 0;
  std::int64_t bytes = 0, modified_ns = 0, changed_ns = 0;
  bool operator==(const Sighting&) const = default;
};
Sighting sighting_of(const struct stat& status);

// A regular file of that name, links not followed; nullopt: there is none.
std::optional<Sighting> look(const std::filesystem::path& file);

// Whether a file of this name is taken as a script: its extension is on the list, and it is neither hidden nor
// temporary, nor ignored, nor a note of ours.
bool takes_name(const FolderSettings& folder, const std::string& name);

// Where settings for this script may lie: NAME.EXT.yaml, then NAME.yaml.
std::vector<std::string> sidecar_names(const std::string& script);

struct Listing {
  bool there = false;                                   // the folder can be read
  std::string problem;                                  // why not
  std::uint64_t device = 0, inode = 0;                  // of the folder itself
  std::vector<std::pair<std::string, Sighting>> files;  // those that are taken as scripts
  bool more = false;                                    // there are more than kMostFiles
  std::vector<std::string> links;                       // names that would be scripts but are links
  std::vector<std::string> claims;                      // folders inside .lectern
};
inline constexpr std::size_t kMostFiles = 10'000;  // of one scan

// Lists the folder. Slow on large ones: runs off the loop.
Listing list_folder(const FolderSettings& folder);

}  // namespace lectern::watch
