// The broker of this machine and home: whether it runs, and how to start it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "config/paths.h"

namespace lectern::cli {

class LocalBroker {
 public:
  explicit LocalBroker(Paths paths) : paths_(std::move(paths)) {}

  // Somebody listens at the client socket. Does not wait, and disturbs no broker that is just starting.
  bool running() const;

  // Starts lectern-broker in a session of its own, with its output in its log, and waits until it says that it is
  // ready. A broker that another command started meanwhile is as good. Throws Fault(no_broker) with what the broker
  // said.
  void start(std::chrono::milliseconds patience = std::chrono::seconds(10)) const;

  // Replaces this process by the broker. Throws Fault when that is impossible.
  [[noreturn]] void become() const;

  void require_running() const;  // Fault(no_broker) when none runs
  void ensure_running() const {
    if (!running()) start();
  }

  // A connection that starts a broker when none runs (now or later), or one that refuses when none runs.
  Connection connect_or_start(const Interrupt* interrupt = nullptr) const;
  Connection connect(const Interrupt* interrupt = nullptr) const;

  const Paths& paths() const { return paths_; }

 private:
  std::vector<std::string> command() const;
  bool lock_held() const;
  bool comes_up(std::chrono::milliseconds patience) const;

  Paths paths_;
};

}  // namespace lectern::cli
