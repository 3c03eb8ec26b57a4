#include "cli/interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "config/fault.h"

namespace lectern::cli {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw system_fault("cannot watch for signals", errno);
  sigprocmask(SIG_BLOCK, &signals, &before_);
}

void Interrupt::forget() {
  signalfd_siginfo taken;
  while (read(fd_, &taken, sizeof taken) == sizeof taken) {
  }
}

Interrupt::~Interrupt() {
  forget();  // what came while we were busy has been answered by what we did
  close(fd_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace lectern::cli
