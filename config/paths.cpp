#include "config/paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "config/fault.h"

namespace lectern {
namespace fs = std::filesystem;
namespace {

fs::path environment_folder(const char* variable) {
  const char* value = std::getenv(variable);
  return value && value[0] == '/' ? fs::path(value) : fs::path();  // the XDG rule: relative values are ignored
}

fs::path or_else(fs::path first, const fs::path& second) { return first.empty() ? second : first; }

fs::path program_folder() {
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Fault(Exit::internal, "cannot read /proc/self/exe: " + error.message(), "mount /proc");
  return self.parent_path();
}

}  // namespace

Paths Paths::locate(const std::optional<fs::path>& home) {
  Paths p;
  if (home && !home->empty()) p.home_ = *home;
  else if (const char* variable = std::getenv("LECTERN_HOME"); variable && *variable) p.home_ = variable;
  if (!p.home_.empty()) {
    p.home_ = fs::absolute(p.home_).lexically_normal();
    p.config_ = p.home_;
    p.data_ = p.home_ / "data";
    p.state_ = p.home_ / "state";
    p.cache_ = p.home_ / "cache";
    p.runtime_ = p.home_ / "run";
    return p;
  }
  const fs::path user = environment_folder("HOME");
  auto xdg = [&](const char* variable, const char* fallback) {
    fs::path base = environment_folder(variable);
    if (base.empty() && user.empty())
      throw Fault(Exit::usage, "neither HOME nor LECTERN_HOME is set", "give a folder with --home DIR");
    return or_else(base, user / fallback) / "lectern";
  };
  p.config_ = xdg("XDG_CONFIG_HOME", ".config");
  p.data_ = xdg("XDG_DATA_HOME", ".local/share");
  p.state_ = xdg("XDG_STATE_HOME", ".local/state");
  p.cache_ = xdg("XDG_CACHE_HOME", ".cache");
  fs::path run = environment_folder("XDG_RUNTIME_DIR");
  p.runtime_ = run.empty() ? fs::temp_directory_path() / ("lectern-" + std::to_string(geteuid())) : run / "lectern";
  return p;
}

fs::path Paths::config_file() const { return config_ / "config.yaml"; }
fs::path Paths::lexicon() const { return config_ / "lexicon.yaml"; }
fs::path Paths::broker_key() const { return config_ / "keys" / "broker.key"; }
fs::path Paths::worker_key() const { return config_ / "keys" / "worker.key"; }
fs::path Paths::allowed_keys() const { return config_ / "keys" / "allowed"; }
fs::path Paths::models() const { return data_ / "models"; }
fs::path Paths::model(const std::string& name) const { return models() / name; }
fs::path Paths::voices() const { return data_ / "voices"; }
fs::path Paths::voice(const std::string& name) const { return voices() / name; }
fs::path Paths::downloads() const { return cache_ / "downloads"; }
fs::path Paths::database() const { return data_ / "lectern.sqlite"; }
fs::path Paths::takes() const { return data_ / "takes"; }
fs::path Paths::broker_lock() const { return data_ / "broker.lock"; }
fs::path Paths::log_file(const std::string& program) const { return state_ / (program + ".log"); }
fs::path Paths::runtime() const { return runtime_; }
fs::path Paths::client_socket() const { return runtime_ / "client.sock"; }
fs::path Paths::worker_socket() const { return runtime_ / "worker.sock"; }
fs::path Paths::engine_socket(long agent_pid, int serial) const {
  return runtime_ / ("engine-" + std::to_string(agent_pid) + "-" + std::to_string(serial) + ".sock");
}

fs::path installed_file(const std::string& name) {
  fs::path file = program_folder().parent_path() / "share" / "lectern" / name;
  if (!fs::exists(file))
    throw Fault(Exit::not_found, "a file of the installation is missing: " + file.string(), "install Lectern again");
  return file;
}

fs::path sibling_program(const std::string& name) {
  const fs::path here = program_folder();
  for (const fs::path& candidate : {here / name, here.parent_path() / "libexec" / "lectern" / name})
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  throw Fault(Exit::not_found, "program not found: " + (here / name).string(), "install Lectern again");
}

fs::path find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code error;
    if (access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program, error)) return program;
  }
  return {};
}

void make_folder(const fs::path& folder, bool owner_only) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw system_fault("cannot create folder " + folder.string(), error.value());
  if (!owner_only) return;
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) throw system_fault("cannot read folder " + folder.string(), errno);
  if (status.st_uid != geteuid())
    throw Fault(Exit::bad_input, "folder " + folder.string() + " belongs to another user",
                "remove it, or set XDG_RUNTIME_DIR or LECTERN_HOME to a folder of your own");
  if ((status.st_mode & 0777) != 0700 && chmod(folder.c_str(), 0700) != 0)
    throw system_fault("cannot make folder " + folder.string() + " private", errno);
}

bool is_tcp_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (!text.starts_with("tcp://") || colon == text.npos || colon <= 6) return false;
  const std::string port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos &&
         std::stoi(port) > 0 && std::stoi(port) < 65536;
}

std::string ipc_endpoint(const fs::path& socket) {
  if (socket.string().size() > 107)
    throw Fault(Exit::bad_input, "the path of a socket is longer than 107 bytes: " + socket.string(),
                "use a shorter --home, LECTERN_HOME or XDG_RUNTIME_DIR");
  return "ipc://" + socket.string();
}

std::string expand_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  return home && (path == "~" || path.rfind("~/", 0) == 0) ? home + path.substr(1) : path;
}

}  // namespace lectern
