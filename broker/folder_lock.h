// One broker for a data folder: a lock on a file that the kernel drops with the process.
#pragma once

#include <filesystem>

namespace lectern {

class FolderLock {
 public:
  // Takes the lock and writes this process's id into the file. Throws Fault(no_broker) naming the process that holds
  // it.
  explicit FolderLock(const std::filesystem::path& file);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace lectern
