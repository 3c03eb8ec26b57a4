// Preloaded into a measured broker: counts its calls of fdatasync, which are SQLite's, and of fsync, which are all others,
// in the file that LECTERN_SYNC_COUNTS names (two 64-bit numbers, shared).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

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

void count(int which) {
  if (Counter* shared = counters()) ++shared[which];
}

}  // namespace

extern "C" int fsync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"));
  count(1);
  return real(fd);
}

extern "C" int fdatasync(int fd) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fdatasync"));
  count(0);
  return real(fd);
}
