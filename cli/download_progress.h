// Shows how far a download is: one line that renews itself on a terminal, else a line now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace lectern::cli {

// "92.4 MB", "522 kB", "17 bytes".
std::string size_text(std::uint64_t bytes);
// "kokoro-82m  42 %  50.6 of 120.6 MB  8.1 MB/s  9 s left". `total` 0: not known. `gained` bytes came in `seconds`.
std::string progress_text(const std::string& label, std::uint64_t have, std::uint64_t total, std::uint64_t gained,
                          double seconds);

class DownloadProgress {
 public:
  // `have` bytes of `total` are there at the start.
  DownloadProgress(std::string label, std::uint64_t have, std::uint64_t total, std::FILE* out, bool terminal);
  ~DownloadProgress();  // ends the line
  void at(std::uint64_t have, std::uint64_t total);
  // Makes room for a line of somebody else.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  std::uint64_t first_have_, have_, total_;
  std::FILE* out_;
  bool terminal_, shown_ = false;
  Clock::time_point start_ = Clock::now(), last_;
};

}  // namespace lectern::cli
