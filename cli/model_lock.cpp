#include "cli/model_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "config/fault.h"

namespace lectern::cli {

ModelLock::ModelLock(const Paths& paths, const std::string& model, const std::function<void(const std::string&)>& say) {
  make_folder(paths.models());
  const std::string path = paths.models() / ("." + model + ".lock");
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) throw system_fault("cannot open " + path, errno);
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = "";
    const ssize_t got = pread(file_, holder, sizeof holder - 1, 0);
    const std::string who = got > 0 ? std::string(holder, static_cast<std::size_t>(got)) : "not known";
    if (say) say("model " + model + " is being changed by another command (process " + who + "); waiting for it");
    while (flock(file_, LOCK_EX) != 0)
      if (errno != EINTR) {
        const int error = errno;
        close(file_);
        throw system_fault("cannot lock " + path, error);
      }
  }
  const std::string self = std::to_string(getpid());  // for the message above only: no harm when it is not written
  if (ftruncate(file_, 0) != 0 || pwrite(file_, self.data(), self.size(), 0) < 0) errno = 0;
}

ModelLock::~ModelLock() { close(file_); }

}  // namespace lectern::cli
