// How it works: starting is fork and exec with a pipe whose writing end the broker is given as --ready-fd. The broker
// writes "ready\n", or its exit code, "error: ..." and "hint: ...", a line each, before it exits; the end of the pipe
// without either means that it died.
#include "cli/local_broker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "config/fault.h"

namespace lectern::cli {
namespace {

constexpr const char* kProgram = "lectern-broker";

struct Descriptor {
  int fd = -1;
  Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void exec_detached(char* const* arguments, int log, int ready) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (chdir("/") != 0) _exit(126);
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  fcntl(ready, F_SETFD, 0);
  execv(arguments[0], arguments);
  _exit(127);
}

// What the broker says until it is ready or closes the pipe; empty when it says nothing in time.
std::string first_words(int fd, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string words;
  while (words != "ready\n" && words.size() < 65536) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd item{fd, POLLIN, 0};
    if (left.count() <= 0 || poll(&item, 1, static_cast<int>(left.count())) == 0) return words;
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return words.empty() ? "\n" : words;
    words.append(buffer, static_cast<std::size_t>(got));
  }
  return words;
}

// "error: A\nhint: B\n" as a Fault.
Fault as_fault(const std::string& words) {
  auto line = [&](const std::string& label) -> std::string {
    const auto at = words.find(label);
    if (at == std::string::npos) return {};
    return words.substr(at + label.size(), words.find('\n', at) - at - label.size());
  };
  return {Exit::no_broker, "the broker could not start: " + line("error: "), line("hint: ")};
}

}  // namespace

bool LocalBroker::running() const {
  const std::string socket_path = paths_.client_socket().string();
  ipc_endpoint(socket_path);  // refuses a path that is too long
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.fd < 0) throw system_fault("cannot make a socket", errno);
  if (::connect(probe.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno == EAGAIN) return true;  // it has more callers than it could greet so far
  if (errno == EACCES || errno == EPERM) throw system_fault("cannot reach the broker at " + socket_path, errno);
  return false;
}

bool LocalBroker::lock_held() const {
  const Descriptor lock(open(paths_.broker_lock().c_str(), O_RDONLY | O_CLOEXEC));
  return lock.fd >= 0 && flock(lock.fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// Another broker holds the lock but does not listen yet: another command is just starting it.
bool LocalBroker::comes_up(std::chrono::milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!running()) {
    if (std::chrono::steady_clock::now() >= until || !lock_held()) return running();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::vector<std::string> LocalBroker::command() const {
  std::vector<std::string> words{sibling_program(kProgram).string()};
  if (!paths_.home().empty()) words.insert(words.end(), {"--home", paths_.home().string()});
  return words;
}

void LocalBroker::start(std::chrono::milliseconds patience) const {
  const auto log_path = paths_.log_file("broker");
  make_folder(log_path.parent_path());
  const Descriptor log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log.fd < 0) throw system_fault("cannot open the log file " + log_path.string(), errno);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw system_fault("cannot make a pipe", errno);
  const Descriptor reading(ends[0]);
  pid_t child = -1;
  {
    const Descriptor writing(ends[1]);
    std::vector<std::string> words = command();
    words.insert(words.end(), {"--ready-fd", std::to_string(writing.fd)});
    std::vector<char*> arguments = pointers(words);
    child = fork();
    if (child < 0) throw system_fault("cannot start " + words[0], errno);
    if (child == 0) exec_detached(arguments.data(), log.fd, writing.fd);
  }
  const std::string words = first_words(reading.fd, patience);
  if (words == "ready\n") return;
  if (words.empty())
    throw Fault(Exit::no_broker,
                "the broker is not ready after " + std::to_string(patience.count() / 1000) + " s, but still starting",
                "wait a moment and try again; it writes what it does to " + log_path.string());
  int status = 0;
  waitpid(child, &status, WNOHANG);
  if (comes_up(patience)) return;
  if (words.find("error: ") != std::string::npos) throw as_fault(words);
  throw Fault(Exit::no_broker, "the broker ended before it was ready", "look into " + log_path.string());
}

void LocalBroker::become() const {
  std::vector<std::string> words = command();
  words.push_back("--foreground");
  execv(words[0].c_str(), pointers(words).data());
  throw system_fault("cannot run " + words[0], errno);
}

void LocalBroker::require_running() const {
  if (!running()) throw Fault(Exit::no_broker, "no broker is running", "start it: lectern start");
}

Connection LocalBroker::connect_or_start(const Interrupt* interrupt) const {
  ensure_running();
  return Connection(
      paths_, [broker = *this] { broker.ensure_running(); }, {}, interrupt);
}

Connection LocalBroker::connect(const Interrupt* interrupt) const {
  require_running();
  return Connection(
      paths_, [broker = *this] { broker.require_running(); }, {}, interrupt);
}

}  // namespace lectern::cli
