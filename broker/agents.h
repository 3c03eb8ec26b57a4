// The worker agents of this machine: processes that the broker starts, starts again when they die, and ends.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "broker/clock.h"
#include "config/paths.h"
#include "config/settings.h"

namespace lectern {

class Agents {
 public:
  Agents(const Paths& paths, const Settings& settings, const Clock& clock);
  ~Agents();  // ends those that are left, with SIGKILL
  Agents(const Agents&) = delete;
  Agents& operator=(const Agents&) = delete;

  // Starts what is due, looks after children that ended (on SIGCHLD). Returns the next deadline (monotonic ms).
  std::int64_t tick();
  // Processes that ended since the last call.
  std::vector<std::int64_t> take_ended() { return std::exchange(ended_, {}); }
  // No more starts; SIGTERM to all.
  void end();
  void kill();  // SIGKILL to all
  bool gone() const;

 private:
  struct Agent {
    std::string device;
    long pid = 0;
    std::int64_t started_ms = 0, not_before_ms = 0;
    int failures = 0;
  };
  void start(Agent& agent);

  const Paths& paths_;
  const Settings& settings_;
  const Clock& clock_;
  std::vector<Agent> agents_;
  std::vector<std::int64_t> ended_;
  bool ending_ = false;
};

}  // namespace lectern
