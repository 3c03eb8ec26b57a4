// A watched folder as the user describes it: in config.yaml under `folders:`, or with `lectern folder add`.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/script_format.h"
#include "config/script_settings.h"
#include "config/window_setting.h"

namespace lectern {

struct FolderSettings {
  // What a script gets that is dropped here, and where its audio goes.
  struct Narration {
    ScriptSettings script;
    std::filesystem::path output;  // absolute folder; empty: the setting `output`, else done/ inside the folder
  };

  std::filesystem::path path;  // absolute
  Narration narration;
  // Subfolders by name that are watched too; each says what differs from the folder.
  std::map<std::string, Narration> profiles;
  double stable_s = 2;  // a file is taken when its size and times have stood still for so long; 0 to 3600
  bool poll = false;    // never trust events; network file systems are always polled
  double poll_s = 5;    // between two looks when polled; 0.1 to 3600
  std::vector<std::string> extensions = script_extensions();
  std::vector<std::string> ignore;  // patterns of names that are left alone: "*.bak"
};

// One entry of `folders:`. Throws Fault(bad_input) naming file, line and key.
FolderSettings parse_folder(const YAML::Node& entry, const std::string& file, const std::string& where);
// The same from what `lectern folder add` sends and the store keeps: a JSON object with the keys of the config file,
// without `path`.
FolderSettings parse_folder(const std::filesystem::path& path, const nlohmann::json& settings);

// The first window that the folder or a profile of it names and that is not on the list; empty: none.
std::string unknown_window(const FolderSettings& folder, const std::vector<WindowSetting>& windows);

// The folder as its profile (a subfolder) sees it.
FolderSettings profile_folder(const FolderSettings& folder, const std::string& profile);

// An absolute path; "~/" is the user's home. Refuses a relative one.
std::filesystem::path absolute_folder(const YamlFields& fields, const std::string& key, const YAML::Node& value);

}  // namespace lectern
