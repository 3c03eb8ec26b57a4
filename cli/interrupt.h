// Ctrl-C (and SIGTERM) as something to wait for instead of the end of the process.
#pragma once

#include <csignal>

namespace lectern::cli {

// While it lives, SIGINT and SIGTERM of this process are blocked and can be read from fd(). One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  int fd() const { return fd_; }  // readable once a signal has come
  void forget();                  // signals that have come are answered

 private:
  sigset_t before_;
  int fd_ = -1;
};

// Thrown by what waits when the signal comes. Not a Fault: nothing is wrong.
struct Interrupted {};

}  // namespace lectern::cli
