#include "cli/program_answer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/fault.h"

namespace lectern::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMost = 1'000'000;

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw system_fault("cannot make a pipe", errno);
  }
  ~Pipe() {
    for (int end : ends)
      if (end >= 0) close(end);
  }
  Pipe(const Pipe&) = delete;
  void close_writing() { close(std::exchange(ends[1], -1)); }
};

std::vector<std::string> with(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : added) variables.push_back(name + "=" + value);
  for (char** entry = environ; *entry; ++entry) {
    const std::string name(*entry, std::strcspn(*entry, "="));
    bool replaced = false;
    for (const auto& pair : added) replaced |= pair.first == name;
    if (!replaced) variables.emplace_back(*entry);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, char* const* environment, int out, int err) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(out, 1);
  dup2(err, 2);
  execve(arguments[0], arguments, environment);
  const char* reason = std::strerror(errno);
  [[maybe_unused]] auto written = write(2, "cannot run it: ", 15);
  written = write(2, reason, std::strlen(reason));
  _exit(127);
}

// Reads both until they end; false: not before `until`.
bool read_all(int out, int err, ProgramAnswer& answer, Clock::time_point until) {
  pollfd items[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[] = {&answer.out, &answer.err};
  while (items[0].fd >= 0 || items[1].fd >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    if (poll(items, 2, static_cast<int>(left)) < 0 && errno != EINTR) return false;
    for (int i = 0; i < 2; ++i) {
      if (items[i].fd < 0 || items[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t got = read(items[i].fd, buffer, sizeof buffer);
      if (got == 0) items[i].fd = -1;
      if (got > 0 && texts[i]->size() < kMost) texts[i]->append(buffer, static_cast<std::size_t>(got));
    }
  }
  return true;
}

}  // namespace

ProgramAnswer ask_program(const std::filesystem::path& program, std::vector<std::string> arguments,
                          const std::vector<std::pair<std::string, std::string>>& environment,
                          std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  arguments.insert(arguments.begin(), program.string());
  std::vector<std::string> variables = with(environment);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(variables);
  Pipe out, err;
  const pid_t child = fork();
  if (child < 0) throw system_fault("cannot start " + program.string(), errno);
  if (child == 0) become(argv.data(), envp.data(), out.ends[1], err.ends[1]);
  out.close_writing();
  err.close_writing();
  ProgramAnswer answer;
  answer.in_time = read_all(out.ends[0], err.ends[0], answer, until);
  if (!answer.in_time) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  answer.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return answer;
}

}  // namespace lectern::cli
