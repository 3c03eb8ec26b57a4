// The course of followed jobs, for a terminal (one line that is redrawn) or a file (a line now and then). Says what to
// write and writes nothing itself; times are passed in.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "broker/protocol/messages.h"
#include "cli/terminal.h"

namespace lectern::cli {

class ProgressView {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit ProgressView(Terminal terminal) : terminal_(terminal) {}

  // What to write now: a line for each job that has ended since the last time, and the progress line when it is due
  // (on a terminal 10 times a second, else every 10 s). May be empty.
  std::string show(const protocol::Jobs& state, Time now);
  // The last words: jobs that ended, and the sum, in the place of the progress line.
  std::string finish(const protocol::Jobs& state);

 private:
  std::string endings(const protocol::Jobs& state);

  Terminal terminal_;
  Redrawn redrawn_;
  std::set<std::uint64_t> announced_;
  std::optional<Time> last_;
};

// "done       #12 chapter one  3:10  /out/chapter one.flac", or the reason when it failed.
std::string ending_line(const protocol::JobView& job);

}  // namespace lectern::cli
