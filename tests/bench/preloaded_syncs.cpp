// Preloaded into whoever is measured: counts its calls of fdatasync, which are SQLite's in the broker, and of fsync, which
// are all others, in the file that LECTERN_SYNC_COUNTS names (two 64-bit numbers, shared); and makes each of them last at
// least LECTERN_SYNC_US microseconds, as on a slower disk, but those of a tmpfs, which has no disk.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>

namespace {

using Counter = std::atomic<std::uint64_t>;

Counter* counters() {
  static Counter* const shared = []() -> Counter* {
    const char* name = std::getenv("LECTERN_SYNC_COUNTS");
    const int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return nullptr;
    void* memory = mmap(nullptr, 2 * sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory == MAP_FAILED ? nullptr : static_cast<Counter*>(memory);
  }();
  return shared;
}

std::chrono::microseconds least() {
  static const std::chrono::microseconds least{[] {
    const char* text = std::getenv("LECTERN_SYNC_US");
    return text ? std::atoi(text) : 0;
  }()};
  return least;
}

bool on_a_disk(int fd) {
  struct statfs system {};
  return fstatfs(fd, &system) == 0 && system.f_type != TMPFS_MAGIC;
}

template <typename Real>
int sync(int which, Real real, int fd) {
  const auto start = std::chrono::steady_clock::now();
  if (Counter* shared = counters()) ++shared[which];
  const int result = real(fd);
  if (least().count() > 0 && on_a_disk(fd)) {
    prctl(PR_SET_TIMERSLACK, 1);  // of this thread: else the kernel adds 50 us to each sleep
    std::this_thread::sleep_until(start + least());
  }
  return result;
}

}  // namespace

extern "C" int fsync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"));
  return sync(1, real, fd);
}

extern "C" int fdatasync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fdatasync"));
  return sync(0, real, fd);
}
