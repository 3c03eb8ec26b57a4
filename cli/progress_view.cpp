#include "cli/progress_view.h"

#include <fmt/format.h>

#include "cli/progress_line.h"
#include "config/quantity.h"

namespace lectern::cli {

std::string ending_line(const protocol::JobView& job) {
  const bool done = job.state == "done";
  std::string line = fmt::format("{:<10} #{} {}", job.state, job.number, printable(job.name));
  if (done)
    line += "  " + clock_time(job.audio_s) + "  " + printable(job.output);
  else if (!job.reason.empty())
    line += "  " + printable(job.reason);
  return line + "\n";
}

std::string ProgressView::endings(const protocol::Jobs& state) {
  std::string lines;
  for (const protocol::JobView& job : state.jobs)
    if (has_ended(job) && announced_.insert(job.number).second) lines += ending_line(job);
  return lines;
}

std::string ProgressView::show(const protocol::Jobs& state, Time now) {
  const auto pause = terminal_.is_terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000);
  const bool due = !last_ || now - *last_ >= pause;
  if (terminal_.is_terminal && !due) return {};
  const std::string ended = endings(state);
  const Totals sum = totals(state.jobs);
  // A file is not told that all has ended: the last words follow.
  if (!due || (!terminal_.is_terminal && sum.ended() == sum.jobs)) return ended;
  last_ = now;
  const std::string line = progress_line(sum, state.notice, terminal_.width - 1) + "\n";
  return terminal_.is_terminal ? redrawn_.replace(line, ended) : ended + line;
}

std::string ProgressView::finish(const protocol::Jobs& state) {
  const std::string ended = endings(state);
  const std::string line = summary_line(totals(state.jobs)) + "\n";
  return terminal_.is_terminal ? redrawn_.replace(line, ended) : ended + line;
}

}  // namespace lectern::cli
