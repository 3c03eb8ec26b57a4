// The fault points of the programs that the tests build for themselves.
#include "config/fault_point.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

namespace lectern {
namespace {

struct Death {
  long number = 0;
  std::string name, marker;
};

Death read_death() {
  Death death;
  const char* wish = std::getenv("LECTERN_DIE_AT");
  if (!wish) return death;
  std::istringstream words(wish);
  std::string program, point;
  words >> program >> point >> death.marker;
  if (program != program_invocation_short_name || access(death.marker.c_str(), F_OK) == 0) return {};
  death.number = std::strtol(point.c_str(), nullptr, 10);
  if (death.number == 0) death.name = point;
  return death;
}

}  // namespace

void fault_point(const char* name) {
  static const Death death = read_death();
  static std::atomic<long> passed{0};
  const long number = ++passed;
  if (death.marker.empty() || (death.name.empty() ? number != death.number : death.name != name)) return;
  const int marker = open(death.marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (marker < 0) return;
  [[maybe_unused]] const auto written = write(marker, name, std::strlen(name));
  usleep(20000);  // what was handed to ZeroMQ before leaves meanwhile: peers may have heard it
  kill(getpid(), SIGKILL);
  pause();
}

bool guard_removed(const char* guard) {
  static const char* const removed = std::getenv("LECTERN_MUTATE");
  return removed && std::strcmp(removed, guard) == 0;
}

}  // namespace lectern
