#include "cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/quantity.h"
#include "cli/terminal.h"

namespace lectern::cli {

bool has_ended(const protocol::JobView& job) {
  return job.state == "done" || job.state == "failed" || job.state == "cancelled";
}

namespace {

// The part of a job that is behind us; a job that ended has nothing before it.
double part_done(const protocol::JobView& job) {
  if (has_ended(job)) return 1;
  if (job.characters > 0) return std::min(1.0, static_cast<double>(job.characters_done) / job.characters);
  if (job.segments > 0) return std::min(1.0, static_cast<double>(job.segments_done) / job.segments);
  return 0;
}

}  // namespace

Totals totals(const std::vector<protocol::JobView>& jobs) {
  Totals sum;
  double weight = 0, behind = 0, audio_left = 0;
  bool all_known = true;
  for (const protocol::JobView& job : jobs) {
    ++sum.jobs;
    sum.done += job.state == "done";
    sum.failed += job.state == "failed";
    sum.cancelled += job.state == "cancelled";
    sum.held += job.state == "held";
    sum.running += job.state == "running" || job.state == "publishing";
    sum.segments += job.segments;
    sum.segments_done += job.segments_done;
    sum.audio_s += job.audio_s;
    const double share = job.characters > 0 ? static_cast<double>(job.characters) : 1;
    weight += share;
    behind += share * part_done(job);
    if (has_ended(job)) continue;
    if (job.state == "running") sum.speed = std::max(sum.speed, job.speed);  // each tells what the workers do together
    if (job.expected_audio_s > 0)
      audio_left += std::max(0.0, job.expected_audio_s - job.audio_s);
    else
      all_known = false;
  }
  if (weight > 0) sum.part_done = behind / weight;
  if (sum.ended() == sum.jobs)
    sum.remaining_s = 0;
  else if (all_known && sum.speed > 0)
    sum.remaining_s = audio_left / sum.speed;
  return sum;
}

std::string bar(double part, int cells) {
  const int full = std::clamp(static_cast<int>(std::floor(part * cells + 1e-9)), 0, cells);
  return "[" + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(cells - full), '.') + "]";
}

std::string progress_line(const Totals& t, const std::string& notice, int width) {
  std::string text = fmt::format("{}/{} {}", t.ended(), t.jobs, t.jobs == 1 ? "job" : "jobs");
  if (t.failed > 0) text += fmt::format(" ({} failed)", t.failed);
  if (t.segments > 0) text += fmt::format("  segments {}/{}", t.segments_done, t.segments);
  text += "  audio " + clock_time(t.audio_s);
  if (t.ended() < t.jobs) {
    if (!notice.empty())
      text += "  " + printable(notice);
    else if (t.held > 0 && t.held + t.ended() == t.jobs)
      text += "  " + count(t.held) + " held: lectern resume";
    else if (t.speed > 0)
      text += "  " + times(t.speed) + " real time";
    if (notice.empty() && t.remaining_s >= 0 && t.speed > 0) text += "  " + about(t.remaining_s) + " left";
  }
  const std::string with_bar = bar(t.part_done, 10) + " " + text;
  return columns(with_bar) <= width ? with_bar : fitted(text, width);
}

std::string summary_line(const Totals& t) {
  std::string text = count(t.jobs, "job") + ": ";
  std::string parts;
  auto add = [&](std::uint64_t number, const char* what) {
    if (number > 0) parts += (parts.empty() ? "" : ", ") + count(number) + " " + what;
  };
  add(t.done, "done");
  add(t.failed, "failed");
  add(t.cancelled, "cancelled");
  add(t.jobs - t.ended(), "not finished");
  return text + (parts.empty() ? "none" : parts) + "; audio " + clock_time(t.audio_s);
}

}  // namespace lectern::cli
