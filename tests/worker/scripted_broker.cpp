#include "tests/worker/scripted_broker.h"

#include <poll.h>
#include <sys/syscall.h>

namespace lectern {

bool ends_within(std::int64_t pid, std::chrono::milliseconds patience) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  if (fd < 0) return true;  // gone already
  pollfd item{fd, POLLIN, 0};
  const int ready = poll(&item, 1, static_cast<int>(patience.count()));
  close(fd);
  return ready == 1;
}

}  // namespace lectern
