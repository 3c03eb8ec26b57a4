#include "broker/clock.h"

#include <chrono>

namespace lectern {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t SystemClock::wall_ms() const {
  return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}
std::int64_t SystemClock::monotonic_ms() const {
  return duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace lectern
