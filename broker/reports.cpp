#include "broker/reports.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "broker/report_page.h"
#include "config/file.h"
#include "config/paths.h"

namespace lectern {
namespace {

constexpr std::size_t kJobsShown = 2000;
constexpr std::int64_t kRestMs = 600'000;  // after a window's end, what still runs is waited for so long
constexpr std::int64_t kLookAgainMs = 1000;
constexpr std::int64_t kOldMs = 7 * 86'400'000LL;  // a window that closed longer ago gets no page any more

}  // namespace

protocol::Reported Reports::report(std::int64_t from_ms, const View& view) {
  protocol::Reported report;
  report.from_ms = from_ms;
  report.until_ms = clock_.wall_ms();
  const Store::Speaking spoken = store_.spoken_since(from_ms);
  report.working_s = spoken.working_s;
  report.speed = spoken.working_s > 0 ? spoken.audio_s / spoken.working_s : 0;
  report.energy_j = store_.energy_since(from_ms);
  std::vector<std::uint64_t> numbers = store_.ended_since(from_ms);
  const std::size_t ended = numbers.size();
  for (std::uint64_t number : store_.select({{}, "", true}, true)) numbers.push_back(number);
  report.carried_over = numbers.size() - ended;
  for (std::uint64_t number : numbers) {
    const auto job = store_.job(number);
    if (!job) continue;
    report.done += job->state == JobState::done;
    report.failed += job->state == JobState::failed;
    report.cancelled += job->state == JobState::cancelled;
    if (job->state == JobState::done) report.audio_s += job->audio_s;
    if (report.jobs.size() == kJobsShown) {
      ++report.more;
      continue;
    }
    report.jobs.push_back(view(*job));
    std::error_code error;
    if (job->state == JobState::done && !std::filesystem::exists(job->output, error))
      report.jobs.back().reason = kAudioGone;
  }
  return report;
}

bool Reports::at_rest() { return dispatcher_.leases() == 0 && store_.jobs_in(JobState::publishing).empty(); }

std::int64_t Reports::tick(const View& view) {
  if (settings_.reports.empty()) return calendar::kNever;
  const calendar::Instant now = clock_.wall_ms();
  calendar::Instant next = calendar::kNever;
  for (const WindowSetting& window : settings_.windows) {
    const auto span = timetable_.last_closed(window.name);
    if (!span || span->end < now - kOldMs) continue;
    auto& written = written_[window.name];
    if (written == span->end) continue;
    if (now < span->end + kRestMs && !at_rest()) {
      next = std::min(next, clock_.monotonic_ms() + kLookAgainMs);
      continue;
    }
    written = span->end;
    try {
      write_page(window.name, *span, view);
    } catch (const DatabaseFault&) {
      throw;
    } catch (const Fault& fault) {
      spdlog::error("the report of window {} cannot be written: {}", window.name, fault.what());
    }
  }
  return next;
}

void Reports::write_page(const std::string& window, const calendar::Span& span, const View& view) {
  const std::filesystem::path page =
      settings_.reports / (window + "-" + timetable_.date_of(window, span.begin) + ".html");
  std::error_code error;
  if (std::filesystem::exists(page, error)) return;
  if (store_.ended_since(span.begin).empty() && store_.spoken_since(span.begin).audio_s == 0) return;
  protocol::Reported made = report(span.begin, view);
  made.window = window;
  make_folder(settings_.reports);
  std::filesystem::path staged = page;
  staged += ".part";
  write_file(staged, report_page(made, settings_.reports));
  std::filesystem::rename(staged, page, error);
  if (error) throw system_fault("cannot rename " + staged.string(), error.value());
  spdlog::info("report of window {} written: {}", window, page.string());
}

}  // namespace lectern
