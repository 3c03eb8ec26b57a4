// lectern-worker: the agent of one device.
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "broker/protocol/curve.h"
#include "config/fault.h"
#include "config/log.h"
#include "config/paths.h"
#include "config/settings.h"
#include "config/small_memory.h"
#include "worker/agent_loop.h"

namespace lectern {
namespace {

struct Arguments {
  std::string home, device, log_level, join, broker_key;
  bool foreground = false;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Lectern's worker: offers one device to the broker and runs the speech engine on it."};
  app.set_version_flag("--version", LECTERN_VERSION);
  app.add_option("--home", a.home, "keep everything in this folder (default: LECTERN_HOME, else the XDG folders)");
  app.add_option("--device", a.device, "auto, cpu or cuda:N (default: `device` of config.yaml)");
  CLI::Option* join = app.add_option("--join", a.join, "work for a broker on another machine: tcp://HOST:PORT");
  app.add_option("--broker-key", a.broker_key, "that broker's public key; `lectern key` shows it there")->needs(join);
  app.add_flag("--foreground", a.foreground, "log to stderr instead of the log file");
  app.add_option("--log-level", a.log_level, "trace, debug, info, warn, error or off (default: that of config.yaml)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : static_cast<int>(Exit::usage));
  }
  return a;
}

#ifdef LECTERN_WITH_CUDA
constexpr bool kSpeaksCuda = true;  // the engine's libtorch has CUDA
#else
constexpr bool kSpeaksCuda = false;
#endif

std::string choose_device(const std::string& wished) {
  const bool cuda = wished.rfind("cuda:", 0) == 0 && wished.size() > 5 &&
                    wished.find_first_not_of("0123456789", 5) == std::string::npos;
  if (wished == "auto") return kSpeaksCuda && access("/dev/nvidiactl", R_OK | W_OK) == 0 ? "cuda:0" : "cpu";
  if (wished == "cpu" || cuda) return wished;
  throw Fault(Exit::usage, "unknown device '" + wished + "'",
              "use auto, cpu, or cuda:N as in cuda:0; several in config.yaml mean a worker for each");
}

// From here on these signals are read from the loop; blocked before any thread is started, which inherits that.
int block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) throw system_fault("cannot create a signalfd", errno);
  return fd;
}

RemoteBroker remote_broker(const Arguments& arguments) {
  if (!is_tcp_address(arguments.join))
    throw Fault(Exit::usage, "--join: '" + arguments.join + "' is no address", "write tcp://HOST:PORT");
  if (!protocol::is_key(arguments.broker_key))
    throw Fault(Exit::usage, "--broker-key: that is no public key",
                "a key has 40 characters; `lectern key` on the broker's machine shows it (quote it)");
  return {arguments.join, arguments.broker_key};
}

int worker_main(int argc, char** argv) {
  keep_memory_small();
  const Arguments arguments = read_arguments(argc, argv);
  const int signals = block_signals();
  const Paths paths = Paths::locate(arguments.home);
  const Settings settings = load_settings(paths);
  AgentLoopOptions options;
  options.device = choose_device(arguments.device.empty() ? settings.device : arguments.device);
  options.foreground = arguments.foreground;
  options.log_level = arguments.log_level.empty() ? settings.log_level : arguments.log_level;
  start_log("lectern-worker", options.foreground ? std::filesystem::path() : paths.log_file("worker"),
            options.log_level);
  make_folder(paths.runtime(), true);
  remove_stale_engine_sockets(paths.runtime());
  if (!arguments.join.empty()) options.broker = remote_broker(arguments);
  AgentLoop loop(paths, settings, options, signals);
  spdlog::info("worker {} for {}, broker at {}", LECTERN_VERSION, options.device,
               options.broker ? options.broker->address : paths.worker_socket().string());
  loop.run();
  spdlog::info("ended");
  return static_cast<int>(Exit::done);
}

}  // namespace
}  // namespace lectern

int main(int argc, char** argv) { return lectern::run_main(lectern::worker_main, argc, argv); }
