#include "broker/publish/ffmpeg_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "broker/publish/fault_point.h"
#include "broker/publish/ffmpeg.h"
#include "config/fault.h"

namespace lectern::publish {

namespace {

constexpr std::chrono::seconds kPatience(60);
constexpr int kLook_ms = 100;
constexpr std::size_t kKept = 2000;  // bytes of what it says

std::chrono::milliseconds patience() {
  return injected_patience_ms() > 0 ? std::chrono::milliseconds(injected_patience_ms()) : kPatience;
}

int memory_file(const std::string& bytes) {
  const int fd = ::memfd_create("lectern", MFD_CLOEXEC);
  std::size_t done = 0;
  while (fd >= 0 && done < bytes.size()) {
    const auto put = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (put > 0)
      done += static_cast<std::size_t>(put);
    else if (errno != EINTR)
      break;
  }
  if (fd < 0 || done < bytes.size()) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    throw system_fault("cannot hand ffmpeg its tags", error);
  }
  return fd;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

// Ours, but its messages shall be in English.
std::vector<std::string> environment() {
  std::vector<std::string> entries{"LC_ALL=C"};
  for (char** entry = environ; *entry; ++entry)
    if (std::strncmp(*entry, "LC_ALL=", 7) != 0) entries.emplace_back(*entry);
  return entries;
}

}  // namespace

FfmpegRun::FfmpegRun(std::vector<std::string> words, const std::vector<std::string>& files,
                     std::filesystem::path watched, std::string doing, const std::atomic<bool>& stop)
    : watched_(std::move(watched)), doing_(std::move(doing)), stop_(stop) {
  words.insert(words.begin(), {find_ffmpeg().string(), "-nostdin", "-hide_banner", "-v", "error", "-y"});
  std::vector<int> descriptors;
  try {
    for (const std::string& file : files) descriptors.push_back(memory_file(file));
    start(words, descriptors);
  } catch (...) {
    for (const int descriptor : descriptors) ::close(descriptor);
    throw;
  }
  for (const int descriptor : descriptors) ::close(descriptor);
}

void FfmpegRun::start(std::vector<std::string>& words, const std::vector<int>& descriptors) {
  int line[2], errors[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0) throw system_fault("cannot start ffmpeg", errno);
  if (::pipe2(errors, O_CLOEXEC | O_NONBLOCK) != 0) {
    const int error = errno;
    ::close(line[0]), ::close(line[1]);
    throw system_fault("cannot start ffmpeg", error);
  }
  std::vector<std::string> surroundings = environment();
  const auto argv = pointers(words), envp = pointers(surroundings);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  const int error = errno;
  if (pid_ == 0) {  // nothing but system calls from here
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    // Above what they are to become, so that none overwrites another.
    const int socket = ::fcntl(line[1], F_DUPFD, 64), pipe = ::fcntl(errors[1], F_DUPFD, 64);
    int moved[8];
    for (std::size_t i = 0; i < descriptors.size() && i < 8; ++i) moved[i] = ::fcntl(descriptors[i], F_DUPFD, 64);
    ::dup2(socket, 0), ::dup2(socket, 1), ::dup2(pipe, 2);
    for (std::size_t i = 0; i < descriptors.size() && i < 8; ++i) ::dup2(moved[i], 3 + static_cast<int>(i));
    ::close_range(3 + static_cast<unsigned>(descriptors.size()), ~0u, 0);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(line[1]), ::close(errors[1]);
  line_ = line[0], errors_ = errors[0];
  if (pid_ < 0) throw system_fault("cannot start ffmpeg", error);
}

FfmpegRun::~FfmpegRun() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
  }
  for (const int descriptor : {line_, errors_})
    if (descriptor >= 0) ::close(descriptor);
}

void FfmpegRun::hear_errors() {
  char text[512];
  for (;;) {
    const auto got = ::read(errors_, text, sizeof text);
    if (got <= 0) return;
    said_.append(text, std::min(static_cast<std::size_t>(got), kKept - std::min(kKept, said_.size())));
  }
}

bool FfmpegRun::ended() {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

void FfmpegRun::look_after() {
  if (stop_) throw Fault(Exit::internal, "stopped");
  hear_errors();
  struct stat status;
  if (!watched_.empty() && ::stat(watched_.c_str(), &status) == 0 && status.st_size != seen_bytes_) {
    seen_bytes_ = status.st_size;
    moved_ = Clock::now();
  }
  if (Clock::now() - moved_ > patience())
    throw Fault(Exit::internal, "ffmpeg did nothing for " + std::to_string(patience().count() / 1000) + " s when it was to " +
                                    doing_ + ", and was ended",
                "look at the machine's load and disks, then: lectern retry");
}

void FfmpegRun::pause(int descriptor, short events) {
  pollfd wait{descriptor, events, 0};
  ::poll(&wait, 1, kLook_ms);
  look_after();
}

void FfmpegRun::send(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto put = ::send(line_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      moved_ = Clock::now();
    } else if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pause(line_, POLLOUT);
    } else if (put < 0 && errno != EINTR) {
      fail();  // it closed its end: it has ended, or will
    }
  }
}

std::size_t FfmpegRun::receive(std::span<char> into) {
  for (;;) {
    const auto got = ::recv(line_, into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) moved_ = Clock::now();
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      pause(line_, POLLIN);
    else if (errno != EINTR)
      fail();
  }
}

void FfmpegRun::end_of_input() { ::shutdown(line_, SHUT_WR); }

void FfmpegRun::wait() {
  while (!ended()) {
    pollfd wait{errors_, POLLIN, 0};
    ::poll(&wait, 1, kLook_ms);
    if (wait.revents & POLLHUP) ::poll(nullptr, 0, 5);  // it is about to end
    look_after();
  }
  if (!WIFEXITED(status_) || WEXITSTATUS(status_) != 0) fail();
}

void FfmpegRun::fail() {
  while (!ended()) {
    ::poll(nullptr, 0, 5);
    look_after();
  }
  hear_errors();
  std::string why = said_.substr(0, said_.find_last_not_of(" \n") + 1);
  std::replace(why.begin(), why.end(), '\n', ';');
  for (const char* full : {"No space left on device", "File too large", "Disk quota exceeded"})
    if (why.find(full) != std::string::npos)
      throw Fault(Exit::no_space, "ffmpeg cannot " + doing_ + ": " + why, "free space on that file system");
  if (why.empty() && WIFSIGNALED(status_)) why = "it was ended by signal " + std::to_string(WTERMSIG(status_));
  if (why.empty()) why = "it ended with exit code " + std::to_string(WEXITSTATUS(status_));
  throw Fault(Exit::internal, "ffmpeg cannot " + doing_ + ": " + why, "mend that, then: lectern retry");
}

}  // namespace lectern::publish
