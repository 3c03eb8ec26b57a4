#include "tests/bench/measured_broker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace lectern::bench {

namespace fs = std::filesystem;

namespace {

fs::path make_temporary(const fs::path& folder) {
  std::string name = (folder / "lectern-bench.XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot create a folder in " + folder.string());
  return name;
}

// Sums what `read` finds in each thread's file.
template <class Read>
void each_thread(pid_t pid, const char* file, Read read) {
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream in(thread.path() / file);
    read(in);
  }
}

std::uint64_t field(std::istream& in, const std::string& name) {
  std::string word;
  while (in >> word)
    if (std::uint64_t value = 0; word == name && in >> value) return value;
  return 0;
}

}  // namespace

MeasuredBroker::MeasuredBroker(const fs::path& folder, bool takes_in_memory)
    : home_(make_temporary(folder)), counts_(home_ / "syncs"), paths_(Paths::locate(home_ / "home")) {
  fs::create_directories(work());
  fs::create_directories(home_ / "bin");
  fs::create_directories(paths_.takes().parent_path());
  if (takes_in_memory) {
    takes_ = make_temporary("/dev/shm");
    fs::create_directory_symlink(takes_, paths_.takes());
  }
  std::ofstream(home_ / "home" / "config.yaml") << "model: sine\ntest_models: true\n";
  // The broker starts the worker that stands beside it: here one that does nothing, so that all workers are the
  // bench's.
  fs::copy_file(LECTERN_BROKER, home_ / "bin" / "lectern-broker");
  fs::create_directory_symlink(fs::path(LECTERN_BROKER).parent_path().parent_path() / "share", home_ / "share");
  std::ofstream(home_ / "bin" / "lectern-worker") << "#!/bin/sh\nexec sleep infinity\n";
  fs::permissions(home_ / "bin" / "lectern-worker", fs::perms::owner_all);

  const int fd = open(counts_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, 16) != 0) throw std::runtime_error("cannot write " + counts_.string());
  shared_ = static_cast<std::uint64_t*>(mmap(nullptr, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  close(fd);
  if (shared_ == MAP_FAILED) throw std::runtime_error("cannot map " + counts_.string());
}

MeasuredBroker::~MeasuredBroker() {
  kill();
  munmap(shared_, 16);
  std::error_code ignored;
  fs::remove_all(home_, ignored);
  if (!takes_.empty()) fs::remove_all(takes_, ignored);
}

double MeasuredBroker::start() {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const std::string program = (home_ / "bin" / "lectern-broker").string(), home = (home_ / "home").string();
  const std::string ready_fd = std::to_string(ends[1]);
  const auto begun = std::chrono::steady_clock::now();
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    setenv("LECTERN_SYNC_COUNTS", counts_.c_str(), 1);
    setenv("LD_PRELOAD", PRELOADED_SYNCS, 1);
    execl(program.c_str(), program.c_str(), "--home", home.c_str(), "--ready-fd", ready_fd.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  char answer[512];
  const ssize_t got = read(ends[0], answer, sizeof answer);
  close(ends[0]);
  const std::string said(answer, got > 0 ? static_cast<std::size_t>(got) : 0);
  if (said != "ready\n") throw std::runtime_error("the broker did not start: " + said);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

void MeasuredBroker::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // its worker ends with it
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Syncs MeasuredBroker::syncs() const {
  return {__atomic_load_n(&shared_[0], __ATOMIC_RELAXED), __atomic_load_n(&shared_[1], __ATOMIC_RELAXED)};
}

double MeasuredBroker::cpu_s() const {
  double ns = 0;
  each_thread(pid_, "schedstat", [&](std::istream& in) {
    double ran = 0;
    in >> ran;
    ns += ran;
  });
  return ns / 1e9;
}

std::uint64_t MeasuredBroker::context_switches() const {
  std::uint64_t count = 0;
  each_thread(pid_, "status", [&](std::istream& in) {
    count += field(in, "voluntary_ctxt_switches:");
    count += field(in, "nonvoluntary_ctxt_switches:");
  });
  return count;
}

std::uint64_t MeasuredBroker::resident_bytes() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
  return field(in, "VmRSS:") * 1024;
}

}  // namespace lectern::bench
