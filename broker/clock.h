// The two clocks: leases and backoff use the monotonic one, what people see and schedules use the wall clock.
#pragma once

#include <cstdint>

namespace lectern {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ms() const = 0;       // since 1970; may jump
  virtual std::int64_t monotonic_ms() const = 0;  // never goes back; stands still while the machine sleeps
};

class SystemClock : public Clock {
 public:
  std::int64_t wall_ms() const override;
  std::int64_t monotonic_ms() const override;
};

}  // namespace lectern
