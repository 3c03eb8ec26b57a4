// Root may read and write everything: while this lives, the test runs as a user who may not.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace lectern {

class AsNobody {
 public:
  // `folder` becomes visible to everybody. Does nothing for others than root.
  explicit AsNobody(const std::filesystem::path& folder) {
    if (geteuid() != 0) return;
    chmod(folder.c_str(), 0755);
    changed_ = setresuid(65534, 65534, 0) == 0;
  }
  ~AsNobody() {
    if (changed_ && setresuid(0, 0, 0) != 0) _exit(99);
  }
  AsNobody(const AsNobody&) = delete;

 private:
  bool changed_ = false;
};

}  // namespace lectern
