// Keeps the machine awake while work runs: an inhibitor of systemd-logind, where that is present. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "broker/clock.h"

namespace lectern {

class SleepLock {
 public:
  // `wanted` false: never holds anything.
  SleepLock(bool wanted, const Clock& clock) : wanted_(wanted), clock_(clock) {}
  ~SleepLock() { release(); }
  SleepLock(const SleepLock&) = delete;
  SleepLock& operator=(const SleepLock&) = delete;

  // Work runs, or does not. It is let go a minute after the last work. Returns the next deadline (monotonic ms). A
  // machine without a system bus or logind is normal: it is logged once and not asked again for ten minutes.
  std::int64_t set_working(bool working);
  bool held() const { return descriptor_ >= 0; }

 private:
  void take();
  void release();

  const bool wanted_;
  const Clock& clock_;
  int descriptor_ = -1;  // while it is open, the machine does not go to sleep by itself
  std::int64_t last_work_ms_ = 0, not_before_ms_ = 0;
  bool told_ = false;
};

}  // namespace lectern
