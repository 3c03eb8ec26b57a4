// The state of many jobs in one line:
//   [#####.....] 12/40 jobs  segments 412/900  audio 31:05  3.2x real time  12 min left
#pragma once

#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern::cli {

bool has_ended(const protocol::JobView& job);  // done, failed or cancelled

// What the jobs come to together.
struct Totals {
  std::uint64_t jobs = 0, done = 0, failed = 0, cancelled = 0, held = 0, running = 0;
  std::uint64_t segments = 0, segments_done = 0;
  double part_done = 0;     // 0 to 1, by characters
  double audio_s = 0;       // made so far
  double speed = 0;         // times real time, of what runs now; 0: not known
  double remaining_s = -1;  // -1: not known

  std::uint64_t ended() const { return done + failed + cancelled; }
};
Totals totals(const std::vector<protocol::JobView>& jobs);

// Never wider than `width` columns: the bar goes first, then the end. `notice`: what holds all work up; shown in the
// place of the speed.
std::string progress_line(const Totals& totals, const std::string& notice, int width);

// "[#####.....]" for 0 to 1.
std::string bar(double part, int cells);

// "40 jobs: 38 done, 1 failed, 1 cancelled; audio 5:02:11"
std::string summary_line(const Totals& totals);

}  // namespace lectern::cli
