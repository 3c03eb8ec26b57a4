#include "broker/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "config/fault.h"
#include "config/fault_point.h"

namespace lectern {

FolderLock::FolderLock(const std::filesystem::path& file) {
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) throw system_fault("cannot open the lock file " + file.string(), errno);
  if (!guard_removed("no-lock") && flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char holder[32] = {};
    const ssize_t got = pread(descriptor_, holder, sizeof holder - 1, 0);
    close(descriptor_);
    if (error != EWOULDBLOCK) throw system_fault("cannot lock " + file.string(), error);
    const std::string pid = got > 0 ? std::string(holder, holder + got) : "unknown\n";
    throw Fault(Exit::no_broker,
                "another broker serves " + file.parent_path().string() + ": process " + pid.substr(0, pid.find('\n')),
                "use it, or end it with `lectern stop`");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, pid.data(), pid.size(), 0) < 0) {
    const int error = errno;
    close(descriptor_);
    throw system_fault("cannot write the lock file " + file.string(), error);
  }
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace lectern
