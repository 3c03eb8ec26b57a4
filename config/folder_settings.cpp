#include "config/folder_settings.h"

#include <algorithm>

#include "config/fault.h"
#include "config/paths.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

FolderSettings::Narration take_narration(YamlFields& fields) {
  FolderSettings::Narration narration;
  narration.script = take_script_settings(fields, false);
  if (const YAML::Node value = fields.find("output"); value.IsDefined())
    narration.output = absolute_folder(fields, "output", value);
  return narration;
}

std::vector<std::string> take_words(YamlFields& fields, const std::string& key, const YAML::Node& value) {
  if (!value.IsSequence()) fields.refuse(value, "'" + key + "' must be a list", "write [one, two]");
  std::vector<std::string> words;
  for (const auto& word : value) words.push_back(fields.text(key, word));
  return words;
}

void take_profiles(YamlFields& fields, const YAML::Node& value, FolderSettings& folder) {
  YamlFields names(value, fields.file(), "'profiles'");
  for (const std::string& name : names.keys()) {
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos || name == "done" || name == "failed")
      fields.refuse(value, "'profiles' cannot hold '" + name + "'",
                    "name a subfolder, not done, failed or a hidden one");
    YamlFields profile(names.find(name), fields.file(), "profile '" + name + "'");
    folder.profiles[name] = take_narration(profile);
    profile.finish();
  }
}

FolderSettings take_folder(YamlFields& fields, FolderSettings folder) {
  folder.narration = take_narration(fields);
  const auto take = [&](const char* key, const auto& read) {
    if (const YAML::Node value = fields.find(key); value.IsDefined()) read(std::string(key), value);
  };
  take("profiles", [&](const auto&, const auto& value) { take_profiles(fields, value, folder); });
  take("stable_s", [&](const auto& key, const auto& value) { folder.stable_s = fields.number(key, value, 0, 3600); });
  take("poll", [&](const auto& key, const auto& value) { folder.poll = fields.truth(key, value); });
  take("poll_s", [&](const auto& key, const auto& value) { folder.poll_s = fields.number(key, value, 0.1, 3600); });
  take("extensions", [&](const auto& key, const auto& value) {
    folder.extensions = take_words(fields, key, value);
    for (std::string& extension : folder.extensions) {
      if (extension.starts_with('.')) extension.erase(0, 1);
      // What Lectern writes itself is never taken as a script.
      std::vector<std::string> own = format_names();
      own.insert(own.end(), {"json", "yaml"});
      if (std::find(own.begin(), own.end(), extension) != own.end())
        fields.refuse(value, "'" + extension + "' is no extension of a script", "leave it out");
    }
  });
  take("ignore", [&](const auto& key, const auto& value) { folder.ignore = take_words(fields, key, value); });
  fields.finish();
  return folder;
}

}  // namespace

fs::path absolute_folder(const YamlFields& fields, const std::string& key, const YAML::Node& value) {
  std::string folder = expand_home(fields.text(key, value));
  // A relative folder would mean another place for each folder that a command is given in.
  if (!folder.empty() && folder[0] != '/')
    fields.refuse(value, "'" + key + "' is not an absolute path: '" + folder + "'",
                  "write it from the root, or from ~/");
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return fs::path(folder).lexically_normal();
}

FolderSettings parse_folder(const YAML::Node& entry, const std::string& file, const std::string& where) {
  YamlFields fields(entry, file, where);
  FolderSettings folder;
  const YAML::Node path = fields.require("path");
  folder.path = absolute_folder(fields, "path", path);
  if (folder.path.empty()) fields.refuse(path, "'path' is empty", "name the folder to watch");
  return take_folder(fields, std::move(folder));
}

FolderSettings parse_folder(const fs::path& path, const nlohmann::json& settings) {
  const std::string file = "folder " + path.string();
  YamlFields fields(parse_yaml(settings.dump(), file), file, "");  // JSON is YAML
  FolderSettings folder;
  folder.path = path;
  return take_folder(fields, std::move(folder));
}

std::string unknown_window(const FolderSettings& folder, const std::vector<WindowSetting>& windows) {
  const auto unknown = [&](const std::string& name) {
    return !name.empty() && name != kAlways && !find_window(windows, name);
  };
  if (unknown(folder.narration.script.window)) return folder.narration.script.window;
  for (const auto& [name, profile] : folder.profiles)
    if (unknown(profile.script.window)) return profile.script.window;
  return {};
}

FolderSettings profile_folder(const FolderSettings& folder, const std::string& profile) {
  FolderSettings result = folder;
  const FolderSettings::Narration& narration = folder.profiles.at(profile);
  result.path = folder.path / profile;
  result.narration.script.apply(narration.script);
  if (!narration.output.empty()) result.narration.output = narration.output;
  result.profiles.clear();
  return result;
}

}  // namespace lectern
