#include "broker/folder_desk.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

namespace lectern {
namespace {

namespace fs = std::filesystem;

// A voice or model that is not there is said now and not beside every script.
void check_narration(ModelShelf& models, const Settings& settings, const FolderSettings& folder) {
  ScriptSettings said;
  said.model = settings.model;
  said.voice = settings.voice;
  said.apply(folder.narration.script);
  models.sound(said.model, said.voice, said.speed.value_or(settings.speed));
}

void check_folder(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    throw Fault(Exit::not_found, "no such folder: " + path.string(), "create it first");
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    throw Fault(Exit::bad_input, "cannot read and write in " + path.string(),
                "scripts are moved inside it: change its permissions");
  for (const fs::path& part : path)
    if (part == watch::kClaims)
      throw Fault(Exit::bad_input, path.string() + " belongs to a watched folder", "name another folder");
}

}  // namespace

void FolderDesk::handle(const std::string& peer, const protocol::Message& message) {
  const auto request = protocol::parse<protocol::FolderRequest>(message);
  if (!request.path.empty() && !fs::path(request.path).is_absolute())
    throw Fault(Exit::bad_input, "field 'path': must be absolute");
  if (request.action == "add") {
    add(request);
  } else if (request.action == "remove") {
    remove(request.path);
  } else if (request.action == "scan") {
    if (!request.path.empty()) check_known(request.path);
    const std::vector<std::string> paths =
        request.path.empty() ? std::vector<std::string>() : std::vector{request.path};
    return folders_.scan(paths,
                         [this, peer, number = message.request, path = request.path] { answer(peer, number, path); });
  } else if (request.action != "list") {
    throw Fault(Exit::bad_input, "field 'action': there is no action '" + request.action + "'",
                "use list, add, remove or scan");
  }
  answer(peer, message.request, request.action == "remove" ? "" : request.path);
}

void FolderDesk::add(const protocol::FolderRequest& request) {
  const auto listed = std::find_if(settings_.folders.begin(), settings_.folders.end(),
                                   [&](const FolderSettings& folder) { return folder.path == request.path; });
  if (listed != settings_.folders.end())
    throw Fault(Exit::bad_input, request.path + " stands in config.yaml", "change it there, and restart the broker");
  FolderSettings folder = parse_folder(request.path, request.settings);
  check_folder(folder.path);
  if (const std::string window = unknown_window(folder, settings_.windows); !window.empty())
    throw Fault(Exit::bad_input, "there is no window '" + window + "'", known_windows(settings_.windows, window));
  check_narration(models_, settings_, folder);
  for (const auto& [name, profile] : folder.profiles) check_narration(models_, settings_, profile_folder(folder, name));
  for (const auto& [name, profile] : folder.profiles) make_folder(folder.path / name);
  store_.add_folder(request.path, request.settings.dump());
  folders_.add(folder, watch::Place::Source::added);
  spdlog::info("folder {} is watched", request.path);
}

void FolderDesk::remove(const std::string& path) {
  check_known(path);
  if (!store_.remove_folder(path))
    throw Fault(Exit::bad_input, path + " was not added by `lectern folder add`",
                "take it out of config.yaml, and restart the broker");
  folders_.remove(path);
  spdlog::info("folder {} is watched no more", path);
}

void FolderDesk::check_known(const std::string& path) const {
  for (const auto& view : folders_.views())
    if (view.path == path) return;
  throw Fault(Exit::not_found, "no such watched folder: " + path, "`lectern folder list` shows them");
}

void FolderDesk::answer(const std::string& peer, std::uint64_t request, const std::string& path) {
  protocol::Folders folders{folders_.views()};
  if (!path.empty())
    std::erase_if(folders.folders, [&](const protocol::FolderView& view) {
      return view.path != path && !(view.source == "profile" && fs::path(view.path).parent_path() == path);
    });
  post_.to_client(peer, folders, request);
}

}  // namespace lectern
