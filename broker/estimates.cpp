#include "broker/estimates.h"

#include <algorithm>

namespace lectern {
namespace {

using calendar::Instant;
using calendar::Span;

constexpr double kCharsPerSecond = 15, kTimesRealTime = 1;  // of a model that the catalogue knew once
constexpr Instant kDayMs = 86'400'000;
constexpr std::size_t kRowsShown = 2000;

}  // namespace

double Estimates::chars_per_second(const std::string& model, double speed) const {
  try {
    return models_.model(model).chars_per_second * speed;
  } catch (const Fault&) {
    return kCharsPerSecond * speed;
  }
}

double Estimates::audio_s(const Job& job) const {
  if (job.state == JobState::done) return job.audio_s;
  double rate = chars_per_second(job.model, job.speed);
  if (job.characters_done > 500) rate = static_cast<double>(job.characters_done) / std::max(job.audio_s, 1.0);
  return static_cast<double>(job.characters) / rate;
}

protocol::ModelSpeed Estimates::speed(const std::string& model) {
  protocol::ModelSpeed speed;
  speed.model = model;
  speed.times_real_time = store_.learned_speed(model);
  speed.learned = speed.times_real_time > 0;
  if (speed.learned) return speed;
  try {
    speed.times_real_time = models_.model(model).times_real_time;
  } catch (const Fault&) {
    speed.times_real_time = kTimesRealTime;
  }
  return speed;
}

double Estimates::work_s(const Job& job) {
  const double left_s =
      job.cut ? audio_s(job) - job.audio_s
              : static_cast<double>(store_.script_bytes(job.number)) / chars_per_second(job.model, job.speed);
  return std::max(left_s, 0.0) / speed(job.model).times_real_time;
}

// Work of jobs that come before it, whichever window they have.
double Estimates::work_before(const Job& job) {
  double sum = 0;
  for (const auto& [model, characters] : store_.characters_before(job.number, job.priority))
    sum += static_cast<double>(characters) / chars_per_second(model, 1) / speed(model).times_real_time;
  return sum;
}

std::string Estimates::too_late(const Job& job) {
  const When& when = job.when;
  if (when.by_ms == 0 || finished(job.state)) return {};
  const Instant now = clock_.wall_ms(), from = std::max(now, when.not_before_ms);
  const double own_s = work_s(job), before_s = work_before(job);
  const double there_s = when.window.empty()
                             ? static_cast<double>(std::max<Instant>(when.by_ms - from, 0)) / 1000
                             : seconds_open(timetable_.openings(when.window, from, when.by_ms), from, when.by_ms);
  if (own_s + before_s <= there_s) return {};
  auto words = [](double seconds) { return calendar::span_words(static_cast<std::int64_t>(seconds * 1000)); };
  return "by estimate it will not be done by " + timetable_.when_words(when.by_ms) + ": it needs " + words(own_s) +
         (before_s >= 1 ? ", the jobs before it " + words(before_s) : "") + ", and there are " + words(there_s) +
         (when.window.empty() ? "" : " of window " + when.window) + " until then";
}

protocol::Planned Estimates::plan() {
  const Instant now = clock_.wall_ms();
  std::vector<PlannedJob> jobs;
  std::map<std::uint64_t, Job> rows;
  std::map<std::string, protocol::ModelSpeed> speeds;
  protocol::Planned planned;
  planned.now_ms = now;
  Openings openings;
  for (std::uint64_t number : store_.select({{}, "", true}, true)) {
    Job job = *store_.job(number);
    if (job.state == JobState::publishing) continue;
    jobs.push_back({number, job.priority, work_s(job), job.when, job.state == JobState::held});
    speeds.emplace(job.model, speed(job.model));
    if (!job.when.window.empty()) openings[job.when.window];
    rows.emplace(number, std::move(job));
  }
  for (auto& [name, spans] : openings) {
    const auto next = timetable_.current_or_next(name);
    if (!next) continue;
    const Span shown{next->begin, std::min(next->end, std::max(now, next->begin) + kDayMs)};
    planned.windows.push_back({name, shown.begin, shown.end});
    planned.until_ms = std::max(planned.until_ms, shown.end);
  }
  if (planned.until_ms == 0) planned.until_ms = now + kDayMs;
  for (auto& [name, spans] : openings) spans = timetable_.openings(name, now, planned.until_ms);
  for (const auto& [model, speed] : speeds) planned.speeds.push_back(speed);

  for (const PlannedRun& run : lectern::plan(jobs, openings, now, planned.until_ms)) {
    if (planned.runs.size() == kRowsShown) break;
    const Job& job = rows.at(run.number);
    protocol::PlannedJob shown;
    shown.number = run.number;
    shown.name = job.name;
    shown.window = job.when.window;
    shown.start_ms = run.start_ms;
    shown.end_ms = run.end_ms;
    shown.by_ms = job.when.by_ms;
    shown.work_s = work_s(job);
    const double before_s = audio_s(job) > 0 ? job.audio_s / audio_s(job) : 0;
    shown.part_done = std::min(1.0, before_s + (1 - before_s) * (shown.work_s > 0 ? run.worked_s / shown.work_s : 0));
    shown.late = job.when.by_ms != 0 && (run.end_ms == 0 ? planned.until_ms : run.end_ms) > job.when.by_ms;
    if (job.state == JobState::held)
      shown.waits = "paused";
    else if (run.start_ms == 0 || run.end_ms == 0)
      shown.waits = timetable_.goes_on(job, planned.until_ms);
    planned.runs.push_back(std::move(shown));
  }
  planned.more = rows.size() - planned.runs.size();
  return planned;
}

}  // namespace lectern
