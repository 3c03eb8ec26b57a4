// How it works: begin() looks for the scripts on the pool; go_on() reads a few of them there, submits them in the loop,
// and calls itself after the commit; end() writes the result. What the loop runs may be run again when its transaction
// was undone, so each step works on a copy of the run that the step before it left.
#include "broker/schedules.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <variant>

#include "config/sha256.h"
#include "config/spelling.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using calendar::Instant;

constexpr Instant kOnTimeMs = 90'000;                // what is noticed later was missed
constexpr Instant kWrongClockMs = 36 * 3'600'000LL;  // a run that lies further ahead was begun by a wrong clock
constexpr std::size_t kFilesAStep = 32, kBytesAStep = 16u << 20;

std::string run_id(const std::string& name, Instant due) {
  return sha256(name + '\0' + std::to_string(due)).substr(0, 24);
}

std::string job_words(const std::vector<std::uint64_t>& jobs) {
  if (jobs.size() == 1) return fmt::format("1 job (#{})", jobs.front());
  return fmt::format("{} jobs (#{} to #{})", jobs.size(), jobs.front(), jobs.back());
}

}  // namespace

Schedules::Schedules(Store& store, Intake& intake, Pipeline& pipeline, Post& post, const Settings& settings,
                     const Clock& clock)
    : store_(store), intake_(intake), pipeline_(pipeline), post_(post), settings_(settings), clock_(clock) {}

void Schedules::take_over() {
  std::map<std::string, ScheduleRow> rows;
  for (ScheduleRow& row : store_.schedules()) rows.emplace(row.setting.name, std::move(row));
  for (const ScheduleSetting& setting : settings_.schedules) {
    const auto found = rows.find(setting.name);
    ScheduleRow row;
    if (found != rows.end()) row = found->second;
    // Another rule begins afresh: what it would have meant in the past is not caught up.
    const bool same = found != rows.end() && row.setting.when == setting.when && row.setting.zone == setting.zone;
    if (!same) row.fired_ms = clock_.wall_ms();
    if (found == rows.end() || row.setting != setting || !row.from_config) {
      row.setting = setting;
      row.from_config = true;
      store_.put_schedule(row);
    }
    if (found != rows.end()) rows.erase(found);
  }
  for (const auto& [name, row] : rows)
    if (row.from_config) store_.remove_schedule(name);
  store_.commit();
}

void Schedules::read() {
  schedules_.clear();
  for (ScheduleRow& row : store_.schedules()) {
    const auto zone = calendar::Zone::find(row.setting.zone);
    if (!zone) {
      spdlog::warn("schedule {} stands still: its zone '{}' is not known any more", row.setting.name, row.setting.zone);
      continue;
    }
    auto rule = calendar::Recurrence::parse(row.setting.when);
    const Instant next = rule.next(*zone, row.fired_ms);
    schedules_.push_back({std::move(row), std::move(rule), *zone, next});
  }
  known_ = true;
}

std::int64_t Schedules::tick() {
  const Instant now = clock_.wall_ms();
  if (!known_) read();
  Instant next = calendar::kNever;
  for (Known& known : schedules_) {
    if (known.row.paused || running_.count(known.row.setting.name)) continue;
    if (known.row.fired_ms > now + kWrongClockMs) {
      spdlog::warn("schedule {}: its last run lies in the future; the clock was wrong", known.row.setting.name);
      known.row.fired_ms = now;
      store_.put_schedule(known.row);
      known.next_ms = known.rule.next(known.zone, now);
    }
    if (known.next_ms <= now)
      if (const auto due = known.rule.last(known.zone, known.row.fired_ms, now)) fire(known, *due, now);
    next = std::min(next, known.next_ms);
  }
  if (!known_) return clock_.monotonic_ms();
  return next == calendar::kNever ? next : clock_.monotonic_ms() + std::max<Instant>(next - now, 0);
}

void Schedules::fire(Known& known, Instant due, Instant now) {
  const ScheduleRow& row = known.row;
  const ScheduleSetting& setting = row.setting;
  const std::string batch = "schedule-" + run_id(setting.name, due);
  const std::string time = calendar::when_words(known.zone, due, now);
  if (const auto open = row.batch_id == batch ? 0 : store_.unfinished_in_batch(row.batch_id); open > 0)
    return conclude(row, due, fmt::format("{} skipped: {} of its run before are not finished", time, open));
  const bool late = now - due > kOnTimeMs;
  const bool has_window = !setting.window.empty() ? setting.window != kAlways : !settings_.window.empty();
  const std::string catch_up = !setting.catch_up.empty() ? setting.catch_up : has_window ? "next-window" : "once-now";
  if (late && catch_up == "skip") return conclude(row, due, time + " skipped: it passed while nobody looked");
  begin(row, due, late && catch_up == "once-now", "", 0);
}

void Schedules::begin(const ScheduleRow& row, Instant due, bool any_window, const std::string& peer,
                      std::uint64_t request) {
  auto run = std::make_shared<Run>();
  run->setting = row.setting;
  if (any_window) run->setting.window = kAlways;
  run->due_ms = due;
  run->batch_id = "schedule-" + run_id(row.setting.name, due);
  run->peer = peer;
  run->request = request;
  running_[row.setting.name] = run;
  spdlog::info("schedule {} begins", row.setting.name);
  pipeline_.run([this, run, most = settings_.max_script_bytes]() -> WorkPool::Result {
    ScriptList list = find_scripts(run->setting.scripts, {run->setting.recursive, most});
    return [this, run, list] {
      auto found = std::make_shared<Run>(*run);
      for (const Script& script : list.scripts)
        if (!script.stream) found->scripts.push_back(script);
      found->refused = list.bad.size();
      if (!list.bad.empty()) found->refusal = list.bad.front().fault.what();
      if (found->scripts.empty()) return end(*found);
      post_.afterwards([this, found] { go_on(found); });
    };
  });
}

void Schedules::go_on(const RunPtr& run) {
  pipeline_.run([this, run, most = settings_.max_script_bytes]() -> WorkPool::Result {
    using Read = std::variant<Intake::Checked, Fault>;
    std::vector<Read> files;
    std::size_t sum = 0;
    for (std::size_t i = run->next; i < run->scripts.size() && files.size() < kFilesAStep && sum < kBytesAStep; ++i) {
      try {
        std::string bytes = read_script(run->scripts[i], most);
        sum += bytes.size();
        files.emplace_back(intake_.read(submit_of(*run, run->scripts[i]), std::move(bytes)));
      } catch (const Fault& fault) {
        files.emplace_back(fault);
      }
    }
    return [this, run, files = std::make_shared<const std::vector<Read>>(std::move(files))] {
      auto next = std::make_shared<Run>(*run);
      for (const Read& file : *files) {
        const Script& script = next->scripts[next->next++];
        try {
          if (const Fault* refusal = std::get_if<Fault>(&file)) throw Fault(*refusal);
          submit(*next, std::get<Intake::Checked>(file));
        } catch (const DatabaseFault&) {
          throw;
        } catch (const Fault& fault) {
          if (next->refused++ == 0) next->refusal = script.path.string() + ": " + fault.what();
        }
      }
      if (next->next == next->scripts.size()) return end(*next);
      post_.afterwards([this, next] { go_on(next); });
    };
  });
}

protocol::Submit Schedules::submit_of(const Run& run, const Script& script) const {
  const ScheduleSetting& s = run.setting;
  const std::string path = script.path.lexically_normal().string();
  const fs::path folder = !s.output.empty()           ? fs::path(s.output)
                          : !settings_.output.empty() ? settings_.output
                                                      : script.path.parent_path();
  protocol::Submit m;
  m.job_id = run.batch_id + "-" + sha256(path).substr(0, 24);
  m.batch_id = run.batch_id;
  m.batch_name = s.name;
  m.script_name = path;
  m.text_format = s.markdown && script.format == "plain" ? "markdown" : script.format;
  m.model = s.model;
  m.voice = s.voice;
  m.format = s.format;
  m.output = (folder / (script.title() + "." + (s.format.empty() ? settings_.format : s.format))).string();
  m.speed = s.speed;
  m.priority = s.priority;
  m.overwrite = s.overwrite;
  m.window = s.window;
  m.lexicon = s.lexicon.empty() ? "" : (script.path.parent_path() / expand_home(s.lexicon)).lexically_normal().string();
  m.delivery = s.delivery;
  if (!s.skip.empty()) m.reading = to_json(parse_reading(s.skip, "skip"));
  return m;
}

void Schedules::submit(Run& run, Intake::Checked checked) {
  // This run was cut short before.
  if (const auto job = store_.find_job(checked.job.job_id)) return run.jobs.push_back(*job);
  intake_.settle(checked);
  if (const auto same = store_.same_script(checked.job)) {
    const auto job = store_.job(*same);
    std::error_code error;
    if (job->state != JobState::done || fs::exists(job->output, error)) {
      ++(job->state == JobState::done ? run.known : run.waiting);
      return;
    }
  }
  run.jobs.push_back(intake_.add(checked.job).number);
}

void Schedules::end(const Run& run) {
  std::vector<std::string> parts;
  if (!run.jobs.empty()) parts.push_back(job_words(run.jobs));
  if (run.known > 0) parts.push_back(fmt::format("{} skipped: narrated before with the same settings", run.known));
  if (run.waiting > 0) parts.push_back(fmt::format("{} skipped: unfinished with the same settings", run.waiting));
  if (run.refused > 0) parts.push_back(fmt::format("{} refused: {}", run.refused, run.refusal));
  const std::string result = parts.empty() ? "no scripts found" : fmt::format("{}", fmt::join(parts, "; "));
  if (const ScheduleRow* row = find(run.setting.name)) {
    ScheduleRow ended = *row;
    if (!run.jobs.empty()) ended.batch_id = run.batch_id;
    conclude(std::move(ended), run.due_ms, result);
  }
  post_.afterwards([this, name = run.setting.name] { running_.erase(name); });
  if (!run.peer.empty()) answer(run.peer, run.request);
}

void Schedules::conclude(ScheduleRow row, Instant due, const std::string& result) {
  row.fired_ms = std::max(row.fired_ms, due);
  row.result = result;
  row.result_ms = clock_.wall_ms();
  spdlog::info("schedule {}: {}", row.setting.name, result);
  store_.put_schedule(row);
  known_ = false;
}

ScheduleRow* Schedules::find(const std::string& name) {
  if (!known_) read();
  for (Known& known : schedules_)
    if (known.row.setting.name == name) return &known.row;
  return nullptr;
}

ScheduleRow& Schedules::require(const std::string& name) {
  if (ScheduleRow* row = find(name)) return *row;
  std::vector<std::string> names;
  for (const Known& known : schedules_) names.push_back(known.row.setting.name);
  const std::string near = nearest_word(name, names);
  throw Fault(Exit::not_found, "no such schedule: " + name,
              near.empty() ? "`lectern schedule list` shows them" : "did you mean '" + near + "'?");
}

void Schedules::handle(const std::string& peer, std::uint64_t request, const protocol::Schedule& wish) {
  const std::string& name = wish.name;
  if (wish.action == "add") {
    if (const auto wrong = wrong_field(wish.setting, settings_.windows))
      throw Fault(Exit::bad_input, "field '" + wrong->field + "': " + wrong->what, wrong->hint);
    if (const ScheduleRow* row = find(wish.setting.name))
      throw Fault(Exit::bad_input, "there is a schedule '" + wish.setting.name + "'",
                  row->from_config ? "it stands in config.yaml; change it there, or give another name"
                                   : "`lectern schedule remove " + wish.setting.name + "` first, or give another name");
    intake_.check_sound(wish.setting.model, wish.setting.voice, wish.setting.speed);
    ScheduleRow row;
    row.setting = wish.setting;
    row.fired_ms = clock_.wall_ms();
    store_.put_schedule(row);
  } else if (wish.action == "remove") {
    if (require(name).from_config)
      throw Fault(Exit::bad_input, "schedule '" + name + "' stands in config.yaml",
                  "remove it there, then `lectern stop`; or `lectern schedule pause " + name + "`");
    store_.remove_schedule(name);
  } else if (wish.action == "pause" || wish.action == "resume") {
    ScheduleRow row = require(name);
    row.paused = wish.action == "pause";
    if (!row.paused) row.fired_ms = std::max(row.fired_ms, clock_.wall_ms());  // what passed meanwhile was not wanted
    store_.put_schedule(row);
  } else if (wish.action == "run") {
    const ScheduleRow& row = require(name);
    if (running_.count(name)) throw Fault(Exit::bad_input, "schedule '" + name + "' is being run", "look again soon");
    if (const auto open = store_.unfinished_in_batch(row.batch_id); open > 0)
      throw Fault(Exit::bad_input, fmt::format("{} jobs of the last run of '{}' are not finished", open, name),
                  "wait for them, or cancel them: lectern cancel --batch " + row.batch_id);
    return begin(row, clock_.wall_ms(), false, peer, request);
  } else if (wish.action != "list") {
    throw Fault(Exit::bad_input, "field 'action': there is no action '" + wish.action + "'",
                "use list, add, remove, run, pause or resume");
  }
  known_ = false;
  answer(peer, request);
}

void Schedules::answer(const std::string& peer, std::uint64_t request) {
  read();
  protocol::Schedules all;
  for (const Known& known : schedules_) {
    protocol::ScheduleView view;
    view.setting = known.row.setting;
    view.from_config = known.row.from_config;
    view.paused = known.row.paused;
    view.next_ms = known.row.paused || known.next_ms == calendar::kNever ? 0 : known.next_ms;
    view.result = known.row.result;
    view.result_ms = known.row.result_ms;
    all.schedules.push_back(std::move(view));
  }
  post_.to_client(peer, all, request);
}

}  // namespace lectern
