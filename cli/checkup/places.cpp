// What lies on this machine: settings, folders, space, sockets, the broker, time zones.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/checkup/checkup.h"
#include "cli/local_broker.h"
#include "config/calendar/zone.h"
#include "config/fault.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

constexpr Patience kPatience{std::chrono::milliseconds(2000), 1};
constexpr long kLongestPid = 4194304;  // of Linux
constexpr int kLongestSerial = 99999;  // engines started by one agent

std::string clock_now(const calendar::Zone& zone) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const calendar::Civil shown =
      calendar::civil(zone.shows(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
  return fmt::format("where it is {:02}:{:02}", shown.hour, shown.minute);
}

// The path itself, or the nearest folder above it that there is.
fs::path standing(fs::path path) {
  struct stat status {};
  while (stat(path.c_str(), &status) != 0 && path != path.parent_path()) path = path.parent_path();
  return path;
}

}  // namespace

void Checkup::config() {
  const fs::path file = paths_.config_file();
  try {
    settings_ = load_settings(paths_);
    std::error_code error;
    ok(fs::exists(file, error) ? file.string() : "all defaults: there is no " + file.string());
  } catch (const Fault& fault) {
    error("config-invalid", fault.what(), fault.hint());
  }
  try {
    catalogue_ = Catalogue::load(settings_.test_models);
  } catch (const Fault& fault) {
    error("installation-damaged", fault.what(), fault.hint());
  }
}

// Whether the folder can be written to, or made; says it when not.
bool Checkup::writable(const fs::path& folder) {
  const fs::path place = standing(folder);
  struct stat status {};
  if (stat(place.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    error("not-writable", place.string() + " is not a folder", "move it aside, or use another --home");
    return false;
  }
  if (access(place.c_str(), W_OK | X_OK) == 0) return true;
  error("not-writable", fmt::format("{} cannot be written: {}", place.string(), std::strerror(errno)),
        "change its owner or permissions, or use another --home");
  return false;
}

void Checkup::folders() {
  const std::size_t before = findings_.size();
  const fs::path data = paths_.database().parent_path(), state = paths_.log_file("broker").parent_path();
  // What stands inside may belong to somebody else: a command given as root leaves such files behind.
  const std::vector<std::pair<fs::path, std::vector<fs::path>>> folders = {
      {data, {paths_.takes(), paths_.models(), paths_.database(), paths_.broker_lock()}},
      {state, {paths_.log_file("broker"), paths_.log_file("worker"), paths_.log_file("engine")}},
      {paths_.downloads().parent_path(), {paths_.downloads()}},
      {paths_.runtime(), {}},
      {settings_.output, {}},
  };
  for (const auto& [folder, inside] : folders) {
    if (folder.empty() || !writable(folder)) continue;
    for (const fs::path& path : inside)
      if (access(path.c_str(), F_OK) == 0 && access(path.c_str(), W_OK) != 0)
        error("not-writable", path.string() + " cannot be written: " + std::strerror(errno),
              "change its owner or permissions");
  }
  struct stat status {};
  if (stat(paths_.runtime().c_str(), &status) == 0 && status.st_uid != geteuid())
    error("not-writable", "folder " + paths_.runtime().string() + " belongs to another user",
          "remove it, or set XDG_RUNTIME_DIR or LECTERN_HOME to a folder of your own");
  if (clean(before)) ok("can be written; data in " + data.string());
}

void Checkup::space() {
  const fs::path place = standing(paths_.takes());
  std::error_code failed;
  const fs::space_info space = fs::space(place, failed);
  if (failed) return error("space-low", "cannot read the free space of " + place.string() + ": " + failed.message());
  const std::string free = size_of(space.available) + " free at " + place.string() + ", the reserve is " +
                           size_of(settings_.disk_reserve_bytes);
  if (space.available >= settings_.disk_reserve_bytes) return ok(free);
  error("space-low", "work pauses: " + free,
        "free some space (lectern cleanup), or lower disk_reserve_bytes in config.yaml");
}

void Checkup::sockets() {
  const std::size_t before = findings_.size();
  try {
    for (const fs::path& socket :
         {paths_.client_socket(), paths_.worker_socket(), paths_.engine_socket(kLongestPid, kLongestSerial)})
      ipc_endpoint(socket);
  } catch (const Fault& fault) {
    no_sockets_ = true;
    return error("socket-path-too-long", fault.what(), fault.hint());
  }
  bool running = true;
  try {
    running = LocalBroker(paths_).running();
  } catch (const Fault&) {  // the broker's own check says it
  }
  const std::string mend = "nothing to do: the next start removes it";
  for (const fs::path& socket : {paths_.client_socket(), paths_.worker_socket()})
    if (!running && access(socket.c_str(), F_OK) == 0)
      warning("socket-stale", socket.string() + " is left of a broker that ended without order", mend);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths_.runtime(), none)) {
    long agent = 0;
    int serial = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "engine-%ld-%d.sock", &agent, &serial) != 2 || agent <= 0) continue;
    if (kill(static_cast<pid_t>(agent), 0) != 0 && errno == ESRCH)
      warning("socket-stale", entry.path().string() + " is left of a worker that ended without order", mend);
  }
  if (clean(before)) ok("in " + paths_.runtime().string());
}

void Checkup::broker() {
  if (no_sockets_) return;
  const LocalBroker broker(paths_);
  const std::size_t before = findings_.size();
  try {
    if (!broker.running()) return ok("none runs; commands that need one start it");
    Connection connection(
        paths_, [&broker] { broker.require_running(); }, kPatience);
    const auto welcome = connection.ask<protocol::Welcome>(protocol::Hello{});
    if (welcome.version != LECTERN_VERSION)
      warning("broker-version",
              fmt::format("process {} is version {}, this is {}", welcome.pid, welcome.version, LECTERN_VERSION),
              "lectern stop; the next command starts the new one");
    const std::string data = paths_.database().parent_path().string();
    if (welcome.data_folder != data)
      warning("broker-elsewhere", "it serves " + welcome.data_folder + ", not " + data,
              "use one HOME and XDG_DATA_HOME everywhere, or --home");
    const auto status = connection.ask<protocol::Jobs>(protocol::Status{});
    if (!status.notice.empty()) warning("work-held-up", status.notice, "lectern status");
    if (clean(before))
      ok(fmt::format("runs (process {}, version {}) with {}; {}", welcome.pid, welcome.version,
                     count(status.workers.size(), "worker"), count(status.unfinished, "unfinished job")));
  } catch (const Fault& fault) {
    error("broker-unreachable", fault.what(), fault.hint());
  }
}

void Checkup::time_zone() {
  const std::string mend = "install the package tzdata";
  try {
    if (!calendar::Zone::find("UTC"))
      return warning("time-zone-missing", "this system has no time zones: all hours are UTC", mend);
    const char* variable = std::getenv("TZ");
    const std::string named = variable ? variable + (*variable == ':') : "";
    if (!named.empty() && !calendar::Zone::find(named))
      return warning("time-zone-missing", "TZ names '" + named + "', which is not among this system's zones",
                     "set it to a name such as Europe/Berlin, or " + mend);
    const auto own = calendar::Zone::find("");
    ok(own->name() + ", " + clock_now(*own));
  } catch (const std::exception& e) {  // no zones at all
    warning("time-zone-missing", std::string("the time zones cannot be read: ") + e.what(), mend);
  }
}

}  // namespace lectern::cli
