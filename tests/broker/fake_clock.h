// A clock that stands still until a test moves it.
#pragma once

#include "broker/clock.h"

namespace lectern {

class FakeClock : public Clock {
 public:
  explicit FakeClock(std::int64_t start = 1'700'000'000'000) : now(start) {}
  std::int64_t wall_ms() const override { return now; }
  std::int64_t monotonic_ms() const override { return now; }
  std::int64_t now;
};

}  // namespace lectern
