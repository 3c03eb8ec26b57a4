// lectern-broker: the start-up order, and the only place where the broker's parts are joined.
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <csignal>

#include <CLI/CLI.hpp>
#include <chrono>
#include <thread>

#include "broker/broker.h"
#include "broker/folder_lock.h"
#include "config/log.h"
#include "config/small_memory.h"

namespace lectern {
namespace {

constexpr int kFreshStarts = 5;

// The starter reads one answer here: "ready\n", or the error with its exit code.
void tell_starter(int& descriptor, const std::string& text) {
  if (descriptor < 0) return;
  [[maybe_unused]] const auto written = write(descriptor, text.data(), text.size());
  close(descriptor);
  descriptor = -1;
}

void serve(const Paths& paths, bool foreground, const std::string& level, int& ready_fd) {
  const Settings settings = load_settings(paths);
  start_log("broker", foreground ? std::filesystem::path() : paths.log_file("broker"),
            level.empty() ? settings.log_level : level);
  make_folder(paths.database().parent_path());
  make_folder(paths.takes());
  make_folder(paths.runtime(), true);
  const FolderLock lock(paths.broker_lock());  // before any socket is bound
  const SystemClock clock;
  for (int failures = 0;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
    try {
      Broker broker(paths, settings, clock);
      spdlog::info("lectern-broker {} serves {} (pid {})", LECTERN_VERSION, paths.database().parent_path().string(),
                   getpid());
      tell_starter(ready_fd, "ready\n");
      return broker.run();
    } catch (const DatabaseFault& fault) {
      // After a failed sync nothing that this process remembers can be trusted: it begins afresh from the disk.
      if (ready_fd >= 0 || fault.exit() != Exit::internal || ++failures > kFreshStarts) throw;
      spdlog::error("{}: beginning afresh from the disk", fault.what());
    }
  }
}

int body(int argc, char** argv) {
  keep_memory_small();
  CLI::App app{
      "The queue of Lectern: takes jobs, keeps them, hands them to workers, publishes the audio. Usually "
      "started by `lectern`.",
      "lectern-broker"};
  std::string home, level;
  bool foreground = false;
  int ready_fd = -1;
  app.add_option("--home", home, "one folder for everything instead of the XDG folders");
  app.add_flag("--foreground", foreground, "log to standard error");
  app.add_option("--log-level", level, "trace, debug, info, warn, error or off; default: the setting");
  app.add_option("--ready-fd", ready_fd, "descriptor that gets one line when the broker is ready");
  app.set_version_flag("--version", LECTERN_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  sigset_t handled;  // before any thread begins; SIGIO: a lease of broker/watch was broken, nobody waits for it
  sigemptyset(&handled);
  for (int signal : {SIGTERM, SIGINT, SIGCHLD, SIGIO}) sigaddset(&handled, signal);
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    serve(Paths::locate(home), foreground, level, ready_fd);
  } catch (const Fault& fault) {
    tell_starter(ready_fd, std::to_string(static_cast<int>(fault.exit())) + "\n" + describe(fault));
    throw;
  }
  return 0;
}

}  // namespace
}  // namespace lectern

int main(int argc, char** argv) { return lectern::run_main(lectern::body, argc, argv); }
