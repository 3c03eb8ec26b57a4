// A real lectern-broker in a home of its own, without a worker process beside it, and what it costs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "config/paths.h"

namespace lectern::bench {

struct Syncs {
  std::uint64_t database = 0, files = 0;  // fsync and fdatasync: of the database, of takes and everything else
};

class MeasuredBroker {
 public:
  // Makes a home below `folder` and starts the broker in it. `takes_in_memory`: the takes' folder is a tmpfs, where a
  // sync costs nothing: that is how output files are left out of a figure.
  MeasuredBroker(const std::filesystem::path& folder, bool takes_in_memory);
  ~MeasuredBroker();  // kills it and removes its home
  MeasuredBroker(const MeasuredBroker&) = delete;
  MeasuredBroker& operator=(const MeasuredBroker&) = delete;

  const Paths& paths() const { return paths_; }
  std::filesystem::path work() const { return home_ / "work"; }  // for output files
  double start();                                                // seconds until it said that it is ready
  void kill();                                                   // as a crash would

  Syncs syncs() const;
  double cpu_s() const;  // of all its threads so far
  std::uint64_t context_switches() const;
  std::uint64_t resident_bytes() const;

 private:
  std::filesystem::path home_, takes_, counts_;
  Paths paths_;
  pid_t pid_ = 0;
  std::uint64_t* shared_ = nullptr;
};

}  // namespace lectern::bench
