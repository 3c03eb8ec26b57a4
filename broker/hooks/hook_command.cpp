#include "broker/hooks/hook_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

extern char** environ;

namespace lectern::hooks {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kStopLookMs = 200;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int number = -1) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }
  int get() const { return number_; }

 private:
  int number_;
};

struct Pipe {
  Descriptor read, write;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

std::vector<std::string> environment(const std::map<std::string, std::string>& facts) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string name(*entry, std::strcspn(*entry, "="));
    if (!facts.count(name)) result.emplace_back(*entry);
  }
  for (const auto& [name, value] : facts) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// The shell, leading a group of its own, with every signal as usual; 0: errno says why not.
pid_t spawn(const std::string& command, const std::map<std::string, std::string>& facts, int input, int output) {
  std::vector<std::string> words{"/bin/sh", "-c", command}, variables = environment(facts);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_adddup2(&files, output, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  pid_t process = 0;
  const int error =
      posix_spawn(&process, words[0].c_str(), &files, &attributes, pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  errno = error;
  return error == 0 ? process : 0;
}

void keep(std::string& kept, const char* bytes, ssize_t count) {
  const std::size_t room = kOutputKept - std::min(kept.size(), kOutputKept);
  kept.append(bytes, std::min(room, static_cast<std::size_t>(count)));
}

// Reads what is there; false: its end.
bool read_some(int descriptor, std::string& kept) {
  char buffer[1 << 16];
  const ssize_t got = read(descriptor, buffer, sizeof buffer);
  if (got > 0) keep(kept, buffer, got);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

CommandEnd run_command(const std::string& command, const std::map<std::string, std::string>& facts,
                       const std::string& input, std::chrono::milliseconds limit, const std::atomic<bool>& stop) {
  CommandEnd end;
  Pipe in, out;
  const pid_t process = spawn(command, facts, in.read.get(), out.write.get());
  if (process == 0) {
    end.started = false;
    end.output = std::strerror(errno);
    return end;
  }
  in.read.reset();
  out.write.reset();
  fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
  const Descriptor ended(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
  const auto until = Clock::now() + limit;
  std::size_t written = 0;
  for (;;) {
    if (written == input.size()) in.write.reset();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    end.timed_out = left <= 0 || stop;
    if (end.timed_out) break;
    pollfd waits[] = {{ended.get(), POLLIN, 0}, {out.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}};
    poll(waits, std::size(waits), static_cast<int>(std::min<long long>(left + 1, kStopLookMs)));
    if (waits[1].revents && !read_some(out.read.get(), end.output)) out.read.reset();
    if (waits[2].revents) {
      const ssize_t put = write(in.write.get(), input.data() + written, input.size() - written);
      if (put > 0) written += static_cast<std::size_t>(put);
      if (put < 0 && errno != EAGAIN && errno != EINTR) written = input.size();  // it does not want to know
    }
    if (waits[0].revents) break;
  }
  if (end.timed_out) kill(-process, SIGKILL);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  for (int i = 0; i < 16 && out.read.get() >= 0 && end.output.size() < kOutputKept; ++i) {
    const auto before = end.output.size();
    if (!read_some(out.read.get(), end.output) || end.output.size() == before) break;
  }
  end.exit = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

}  // namespace lectern::hooks
