#include "worker/engine_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "broker/protocol/socket.h"
#include "config/fault.h"
#include "config/paths.h"
#include "worker/engine_environment.h"

namespace lectern {
namespace {

constexpr std::size_t kTailBytes = 500;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// Our environment with `added` in place of variables of the same names.
std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string name(*entry, std::strcspn(*entry, "="));
    const bool replaced = std::any_of(added.begin(), added.end(), [&](const auto& pair) { return pair.first == name; });
    if (!replaced) variables.emplace_back(*entry);
  }
  for (const auto& [name, value] : added) variables.push_back(name + "=" + value);
  return variables;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become_engine(pid_t agent, const char* program, char** arguments, char** environment, int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != agent) _exit(0);  // the agent died before the line above
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole terminal; the agent decides when the engine ends
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(null, 1);
  dup2(err, 2);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(program, arguments, environment);
  const char* reason = std::strerror(errno);
  [[maybe_unused]] auto written = write(2, "cannot run the engine program: ", 31);
  written = write(2, reason, std::strlen(reason));
  _exit(127);
}

}  // namespace

EngineProcess::EngineProcess(zmq::context_t& context, const std::filesystem::path& socket, const EngineCommand& command,
                             bool echo_stderr)
    : path_(socket),
      echo_(echo_stderr),
      socket_(protocol::make_socket(context, zmq::socket_type::pair)),
      events_(context, zmq::socket_type::pair) {
  socket_.set(zmq::sockopt::sndhwm, 0);
  socket_.set(zmq::sockopt::rcvhwm, 0);  // so that the end of a process is never stuck behind unread takes
  const std::string monitor = "inproc://engine-" + socket.filename().string();
  if (zmq_socket_monitor(socket_.handle(), monitor.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) != 0)
    throw system_fault("cannot watch the engine's socket", zmq_errno());
  events_.connect(monitor);
  const std::string endpoint = ipc_endpoint(path_);
  try {
    socket_.bind(endpoint);
  } catch (const zmq::error_t& e) {
    throw system_fault("cannot bind " + path_.string(), e.num());
  }
  start(command);
}

void EngineProcess::start(const EngineCommand& command) {
  std::vector<std::string> arguments = {command.program.string(), "--socket", ipc_endpoint(path_)};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = environment_with(command.environment);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(environment);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw system_fault("cannot create a pipe", errno);
  memory_kills_ = kernel_memory_kills();
  const pid_t agent = getpid();
  pid_ = fork();
  if (pid_ == 0)
    become_engine(agent, argv[0], const_cast<char**>(argv.data()), const_cast<char**>(envp.data()), ends[1]);
  const int error = errno;
  close(ends[1]);
  stderr_ = ends[0];
  fcntl(stderr_, F_SETFL, O_NONBLOCK);
  if (pid_ > 0) return;
  close(stderr_);
  throw system_fault("cannot start " + command.program.string(), error);
}

EngineProcess::~EngineProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (stderr_ >= 0) close(stderr_);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void EngineProcess::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

std::optional<EngineEnd> EngineProcess::reap() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  await_disconnect();
  read_stderr();
  EngineEnd end;
  end.killed = WIFSIGNALED(status);
  end.code = end.killed ? WTERMSIG(status) : WEXITSTATUS(status);
  end.stderr_tail = stderr_tail_;
  end.out_of_memory = end.killed && end.code == SIGKILL && kernel_memory_kills() > memory_kills_;
  return end;
}

// The process is gone; its last messages may still be on their way through the I/O thread, which reports the end of a
// connection only after it has passed on what came before it. A process that never connected has sent nothing: sending
// needs an answer to its greeting, and with that comes the event.
void EngineProcess::await_disconnect() {
  constexpr auto kPatience = std::chrono::milliseconds(1000);
  bool connected = false;
  while (true) {
    zmq::pollitem_t item{events_.handle(), 0, ZMQ_POLLIN, 0};
    if (zmq::poll(&item, 1, connected ? kPatience : std::chrono::milliseconds(0)) == 0) return;
    zmq::message_t event, address;
    if (!events_.recv(event) || !events_.recv(address)) return;
    std::uint16_t kind = 0;
    std::memcpy(&kind, event.data(), sizeof kind);
    if (kind == ZMQ_EVENT_DISCONNECTED) return;
    connected = true;
  }
}

void EngineProcess::read_stderr() {
  if (stderr_ < 0) return;
  char buffer[4096];
  ssize_t got;
  while ((got = read(stderr_, buffer, sizeof buffer)) > 0) {
    if (echo_) [[maybe_unused]]
      const auto written = write(STDERR_FILENO, buffer, got);
    for (const char c : std::string_view(buffer, got)) {
      if (c == '\n')
        end_stderr_line();
      else if (stderr_line_.size() < kTailBytes)
        stderr_line_ += c;
    }
  }
  if (got < 0) return;  // nothing more now
  end_stderr_line();
  close(stderr_);
  stderr_ = -1;
}

void EngineProcess::end_stderr_line() {
  if (stderr_line_.empty()) return;
  if (!echo_) spdlog::warn("engine: {}", stderr_line_);
  stderr_tail_ += (stderr_tail_.empty() ? "" : " | ") + stderr_line_;
  if (stderr_tail_.size() > kTailBytes) stderr_tail_.erase(0, stderr_tail_.size() - kTailBytes);
  stderr_line_.clear();
}

EngineMemory EngineProcess::memory() const {
  EngineMemory memory;
  if (pid_ <= 0) return memory;
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    std::uint64_t kilobytes = 0;
    fields >> name >> kilobytes;
    if (name == "VmRSS:") memory.resident_bytes = kilobytes * 1024;
    if (name == "VmHWM:") memory.peak_bytes = kilobytes * 1024;
  }
  return memory;
}

void remove_stale_engine_sockets(const std::filesystem::path& runtime_folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(runtime_folder, ignored)) {
    long agent = 0;
    int serial = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "engine-%ld-%d.sock", &agent, &serial) != 2 || agent <= 0) continue;
    if (kill(static_cast<pid_t>(agent), 0) != 0 && errno == ESRCH) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace lectern
