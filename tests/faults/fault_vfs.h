// A disk for SQLite that fails when it is told to, and that remembers what a power cut would leave.
//
// Installed as SQLite's default VFS above the real one; it counts every write, truncation and sync. Not thread-safe: one
// database, one thread. In a program it is steered by LECTERN_DB_FAULT="KIND FIRST COUNT": operations FIRST to
// FIRST + COUNT - 1 fail; KIND is full, io or sync.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lectern {

class FaultDisk {
 public:
  enum class Kind { none, full, io, sync };  // sync: syncs count and fail; the others: writes and truncations

  static FaultDisk& get();  // installs it

  // Operations `first`, counted from now beginning with 1, to `first + count - 1` fail.
  void fail(Kind kind, long first, long count);
  void heal() { fail(Kind::none, 0, 0); }
  long operations() const { return operations_; }  // since the last fail() or heal()

  // Files as a power cut would leave them, by path: `unsynced` says whether each write since the file's last sync has
  // reached the disk. Only while remembering.
  using Image = std::map<std::string, std::string>;
  void remember(bool on);
  Image after_power_cut(const std::function<bool()>& unsynced) const;
  // Called after every operation while remembering.
  std::function<void()> on_operation;

  // For the VFS itself.
  int operation(bool sync);  // an SQLite code to fail with, or 0
  struct Change {
    std::int64_t offset;
    std::string bytes;
    bool truncation;
  };
  struct Remembered {
    std::string synced;
    std::vector<Change> since;
  };
  Remembered* remembered(const std::string& path) { return remembering_ ? &files_[path] : nullptr; }
  void forget(const std::string& path) { files_.erase(path); }
  void happened() {
    if (remembering_ && on_operation) on_operation();
  }

 private:
  FaultDisk() = default;
  Kind kind_ = Kind::none;
  long first_ = 0, count_ = 0, operations_ = 0;
  bool remembering_ = false;
  std::map<std::string, Remembered> files_;
};

}  // namespace lectern
