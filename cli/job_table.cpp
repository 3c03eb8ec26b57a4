#include "cli/job_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/progress_line.h"
#include "config/quantity.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

constexpr int kBarCells = 10, kShortestName = 12;

double part_done(const protocol::JobView& job) { return totals({job}).part_done; }

std::string progress_cell(const protocol::JobView& job) {
  if (job.state == "done") return bar(1, kBarCells) + " 100 %";
  const double part = job.segments > 0 ? static_cast<double>(job.segments_done) / job.segments : 0;
  const double shown = has_ended(job) ? part : part_done(job);
  return fmt::format("{} {:3} %", bar(shown, kBarCells), static_cast<int>(std::min(shown, 1.0) * 100));
}

std::vector<std::string> cells(const protocol::JobView& job) {
  std::string left;
  if (!has_ended(job) && job.remaining_s >= 0) left = about(job.remaining_s);
  const bool finished_well = job.state == "done";
  return {"#" + std::to_string(job.number),
          job.state,
          printable(job.name),
          progress_cell(job),
          job.audio_s > 0 ? clock_time(job.audio_s) : "",
          job.speed > 0 ? times(job.speed) : "",
          left,
          printable(finished_well && job.reason.empty() ? job.output : job.reason)};
}

// The lines that fit: running jobs before waiting ones before ended ones, shown in their old order.
std::vector<std::size_t> chosen(const std::vector<protocol::JobView>& jobs, std::size_t rows) {
  std::vector<std::size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (jobs.size() <= rows) return order;
  auto rank = [&](std::size_t i) {
    const std::string& state = jobs[i].state;
    return state == "running" || state == "publishing" ? 0 : has_ended(jobs[i]) ? 2 : 1;
  };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
  order.resize(rows > 0 ? rows - 1 : 0);
  std::sort(order.begin(), order.end());
  return order;
}

std::string fact(const char* label, const std::string& value) {
  return value.empty() ? "" : fmt::format("  {:<10} {}\n", label, value);
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      const bool flush_right = i < right.size() && right[i];
      const int missing = widths[i] - columns(row[i]);
      if (flush_right) line.append(static_cast<std::size_t>(missing), ' ');
      line += row[i];
      if (!flush_right && i + 1 < row.size()) line.append(static_cast<std::size_t>(missing), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string job_table(const std::vector<protocol::JobView>& jobs, int width, std::size_t rows) {
  constexpr std::size_t kName = 2;
  std::vector<std::vector<std::string>> table{{"JOB", "STATE", "NAME", "PROGRESS", "AUDIO", "SPEED", "LEFT", ""}};
  const std::vector<std::size_t> order = chosen(jobs, rows);
  for (const std::size_t i : order) table.push_back(cells(jobs[i]));
  std::vector<int> widths(table[0].size(), 0);
  for (const auto& row : table)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  // The last column takes what is left, at least 20 columns while names can give way.
  int fixed = 2 * static_cast<int>(widths.size() - 1);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) fixed += i == kName ? 0 : widths[i];
  const int wanted_tail = std::min(widths.back(), 20);
  const int name = std::clamp(width - fixed - wanted_tail, std::min(kShortestName, widths[kName]), widths[kName]);
  for (auto& row : table) row[kName] = fitted(row[kName], name);
  std::string text = fitted_lines(aligned(table, {true, false, false, false, true, true, true, false}), width);
  if (order.size() < jobs.size()) text += "... and " + count(jobs.size() - order.size()) + " more\n";
  return text;
}

std::string job_details(const protocol::JobView& job, int width) {
  std::string text = fmt::format("#{} {}\n", job.number, printable(job.name));
  text += fact("state", job.state + (job.reason.empty() ? "" : ": " + printable(job.reason)));
  text += fact("output", printable(job.output));
  text += fact("model", job.model + (job.voice.empty() ? "" : ", voice " + job.voice));
  if (job.segments > 0)
    text += fact("segments", fmt::format("{} of {} spoken{}", count(job.segments_done), count(job.segments),
                                         job.segments_failed > 0 ? ", " + count(job.segments_failed) + " failed" : ""));
  if (job.segments_flagged > 0)
    text += fact("flagged", fmt::format("{}: lectern segments {} --flagged", count(job.segments_flagged, "segment"),
                                        job.number));
  if (job.characters > 0)
    text += fact("characters", fmt::format("{} of {} ({} %)", count(job.characters_done), count(job.characters),
                                           job.characters_done * 100 / job.characters));
  std::string audio = clock_time(job.audio_s);
  if (!has_ended(job) && job.expected_audio_s > 0) audio += " of about " + clock_time(job.expected_audio_s);
  text += fact("audio", audio);
  std::string speed = job.speed > 0 ? times(job.speed) + " real time" : "";
  if (!has_ended(job) && job.remaining_s >= 0) speed += (speed.empty() ? "" : ", ") + about(job.remaining_s) + " left";
  text += fact("speed", speed);
  text += fact("priority", job.priority != 0 ? std::to_string(job.priority) : "");
  text += fact("window", job.window);
  text += fact("not before", local_time(job.not_before_ms));
  text += fact("after", job.after_job != 0 ? "#" + std::to_string(job.after_job) : "");
  text += fact("by", local_time(job.by_ms));
  text += fact("batch", printable(job.batch_name.empty() ? job.batch_id : job.batch_name + " (" + job.batch_id + ")"));
  text += fact("id", job.job_id);
  text += fact("submitted", local_time(job.submitted_ms));
  text += fact("started", local_time(job.started_ms));
  text += fact("finished", local_time(job.finished_ms));
  for (const protocol::FailedSegment& failure : job.failures) {
    text += fmt::format("  segment {}: {}\n", failure.index, printable(failure.reason));
    text += "    " + fitted("\"" + printable(failure.text) + "\"", width - 4) + "\n";
  }
  if (job.segments_failed > job.failures.size())
    text += "  ... and " + count(job.segments_failed - job.failures.size(), "more failed segment") + "\n";
  return text;
}

std::string worker_line(const protocol::Jobs& state, int width) {
  std::string text = state.workers.empty() ? "no workers" : count(state.workers.size(), "worker") + ":";
  for (std::size_t i = 0; i < state.workers.size(); ++i) {
    const protocol::WorkerView& worker = state.workers[i];
    text += (i > 0 ? ", " : " ") + worker.device + " " + worker.state;
    if (!worker.model.empty()) text += " (" + worker.model + ")";
  }
  text += fmt::format("; {} unfinished, {} waiting", count(state.unfinished, "job"),
                      count(state.segments_waiting, "segment"));
  text = fitted(text, width) + "\n";
  if (!state.notice.empty()) text += fitted("note: " + printable(state.notice), width) + "\n";
  return text;
}

namespace {

std::string bytes_cell(std::uint64_t bytes) { return bytes > 0 ? size_of(bytes) : "-"; }

// On a device its memory there counts, as far as the driver tells.
std::string memory_cell(std::uint64_t host, std::uint64_t device) {
  return device > 0 ? bytes_cell(device) + " + " + bytes_cell(host) : bytes_cell(host);
}

std::string until_cell(const protocol::WorkerView& worker) {
  if (worker.unload_ms == 0) return "-";
  return worker.unload_ms < 0 ? "forever" : local_time(worker.unload_ms).substr(11);
}

std::string word_or_dash(const std::string& word) { return word.empty() ? "-" : printable(word); }

}  // namespace

std::string worker_table(const std::vector<protocol::WorkerView>& workers, int width) {
  std::vector<std::vector<std::string>> table{{"WORKER", "DEVICE", "STATE", "MODEL", "VOICE", "UNTIL", "MEMORY", "PEAK",
                                               "WAITING", "SPOKEN", "SPEED", "ENGINE"}};
  for (const protocol::WorkerView& worker : workers)
    table.push_back({std::to_string(worker.pid), worker.device, worker.state, word_or_dash(worker.model),
                     word_or_dash(worker.voice), until_cell(worker),
                     memory_cell(worker.memory_bytes, worker.device_bytes),
                     memory_cell(worker.peak_memory_bytes, worker.peak_device_bytes),
                     count(worker.segments_waiting + worker.leases), count(worker.segments_done),
                     worker.speed > 0 ? times(worker.speed) : "-",
                     worker.engine_pid > 0 ? std::to_string(worker.engine_pid) : "-"});
  std::string text = fitted_lines(
      aligned(table, {true, false, false, false, false, false, true, true, true, true, true, true}), width);
  for (const protocol::WorkerView& worker : workers)
    if (!worker.waits_for.empty())
      text += "worker " + std::to_string(worker.pid) + ": " + wrapped(printable(worker.waits_for), width, 8) + "\n";
  return text;
}

}  // namespace lectern::cli
