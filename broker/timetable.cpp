#include "broker/timetable.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace lectern {

using calendar::Instant;

namespace {
constexpr std::int64_t kAskEveryMs = 10'000;
}

Timetable::Timetable(Store& store, const Settings& settings, const Clock& clock, Against against)
    : store_(store), clock_(clock), against_(std::move(against)), own_(*calendar::Zone::find("")) {
  for (const WindowSetting& setting : settings.windows)
    windows_.push_back({setting, *calendar::Zone::find(setting.zone), {}, "", 0});
}

// The answer holds as long as the clock stays within the stretch that it was given for, whichever way it moves.
const calendar::Level& Timetable::look(Window& window, Instant now) const {
  auto& level = window.level;
  if (level && now >= level->holds.begin && now < level->holds.end) return *level;
  const bool was_open = level && level->open;
  const bool first = !level;
  level = calendar::level(window.setting.hours, window.zone, now);
  if (first || level->open != was_open) {
    const bool changes = level->holds.end != calendar::kNever;
    spdlog::info("window {} is {}{}", window.setting.name, level->open ? "open" : "closed",
                 changes ? " until " + calendar::when_words(window.zone, level->holds.end, now) : "");
  }
  return *level;
}

std::int64_t Timetable::tick() {
  const Instant now = clock_.wall_ms();
  Instant next = store_.next_not_before();
  open_ = {""};
  for (Window& window : windows_) {
    const calendar::Level& level = look(window, now);
    next = std::min(next, level.holds.end);
    if (!level.open) continue;
    ask(window);
    if (window.against.empty()) open_.push_back(window.setting.name);
    if (window.setting.only_on_mains || window.setting.only_when_device_free) next = std::min(next, now + kAskEveryMs);
  }
  return next == calendar::kNever ? next : clock_.monotonic_ms() + std::max<std::int64_t>(next - now, 0);
}

void Timetable::ask(Window& window) {
  const WindowSetting& setting = window.setting;
  if (!setting.only_on_mains && !setting.only_when_device_free) return;
  const std::int64_t now = clock_.monotonic_ms();
  if (now < window.ask_at_ms) return;
  window.ask_at_ms = now + kAskEveryMs;
  std::string against = against_(setting);
  if (against.empty() != window.against.empty())
    spdlog::info("window {} {}", setting.name, against.empty() ? "goes on" : "waits: " + against);
  window.against = std::move(against);
}

Timetable::Window* Timetable::find(const std::string& name) {
  const auto found =
      std::find_if(windows_.begin(), windows_.end(), [&](const Window& w) { return w.setting.name == name; });
  return found == windows_.end() ? nullptr : &*found;
}

std::vector<calendar::Span> Timetable::openings(const std::string& name, Instant from, Instant to) {
  const Window* window = find(name);
  if (!window || from >= to) return {};
  return calendar::openings(window->setting.hours, window->zone, from, to);
}

std::optional<calendar::Span> Timetable::current_or_next(const std::string& name) {
  Window* window = find(name);
  if (!window) return std::nullopt;
  calendar::Level level = look(*window, clock_.wall_ms());
  if (level.open) return level.holds;
  if (level.holds.end == calendar::kNever) return std::nullopt;
  return calendar::level(window->setting.hours, window->zone, level.holds.end).holds;
}

std::optional<calendar::Span> Timetable::last_closed(const std::string& name) {
  Window* window = find(name);
  if (!window) return std::nullopt;
  calendar::Level level = look(*window, clock_.wall_ms());
  auto before = [&] { return calendar::level(window->setting.hours, window->zone, level.holds.begin - 1); };
  for (int i = 0; i < 2; ++i) {
    if (level.holds.begin == INT64_MIN) return std::nullopt;
    level = before();
    if (level.open) return level.holds;
  }
  return std::nullopt;
}

std::string Timetable::date_of(const std::string& name, Instant at) {
  const Window* window = find(name);
  const calendar::Civil c = calendar::civil((window ? window->zone : own_).shows(at));
  return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

std::string Timetable::when_words(Instant at) const { return calendar::when_words(own_, at, clock_.wall_ms()); }

std::string Timetable::goes_on(const Job& job, Instant then) {
  const Instant at = std::max(then, job.when.not_before_ms);
  const Window* window = find(job.when.window);
  if (!window) return job.when.window.empty() && at > then ? when_words(at) : "";
  const calendar::Level level = calendar::level(window->setting.hours, window->zone, at);
  const Instant opens = level.open ? at : level.holds.end;
  if (opens == calendar::kNever) return {};
  return calendar::when_words(window->zone, opens, clock_.wall_ms());
}

const std::optional<Timetable::Coming>& Timetable::coming() {
  constexpr std::int64_t kEveryMs = 1000, kAheadMs = 3'600'000;
  if (coming_ms_ != 0 && clock_.monotonic_ms() < coming_ms_ + kEveryMs) return coming_;
  coming_ms_ = clock_.monotonic_ms();
  coming_.reset();
  const Instant now = clock_.wall_ms();
  const auto consider = [&](const std::string& model, Instant at) {
    if (!model.empty() && at > now && at <= now + kAheadMs && (!coming_ || at < coming_->at))
      coming_ = Coming{model, at};
  };
  for (Window& window : windows_) {
    const calendar::Level& level = look(window, now);
    if (!level.open && level.holds.end <= now + kAheadMs)
      consider(store_.first_model(window.setting.name, level.holds.end), level.holds.end);
  }
  if (const auto timed = store_.next_timed()) {
    Window* window = timed->window.empty() ? nullptr : find(timed->window);
    const bool may =
        timed->window.empty() || (window && calendar::level(window->setting.hours, window->zone, timed->at_ms).open);
    if (may) consider(timed->model, timed->at_ms);
  }
  return coming_;
}

void Timetable::release_models() {
  if (store_.unloaded_models().empty()) return;
  const auto held = store_.unloaded_models();
  for (const auto& [model, since] : held) {
    bool begun = store_.has_begun(model, "", since);
    for (Window& window : windows_) {
      const calendar::Level& level = look(window, clock_.wall_ms());
      if (!begun && level.open)
        begun = store_.has_begun(model, window.setting.name, level.holds.begin > since ? -1 : since);
    }
    if (!begun) continue;
    spdlog::info("model {} was unloaded; work for it begins now", model);
    store_.release_model(model);
  }
}

std::string Timetable::waits_for(const Job& job) {
  if (job.state == JobState::held) return store_.new_held_since() > 0 ? kAllPaused : "paused";
  if (job.state != JobState::queued && job.state != JobState::running) return {};
  const Instant now = clock_.wall_ms();
  const When& when = job.when;
  if (when.after_job != 0)
    if (const auto before = store_.job(when.after_job); before && !finished(before->state))
      return "waiting for #" + std::to_string(before->number) + ", which is " + name(before->state);
  if (when.not_before_ms > now)
    return "waiting for its time (" + calendar::ahead_words("starts", own_, when.not_before_ms, now) + ")";
  if (when.window.empty()) return {};
  const std::string waiting = "waiting for window " + when.window;
  Window* window = find(when.window);
  if (!window) return waiting + ", which config.yaml lacks now; add it, or use `lectern run-now`";
  const calendar::Level& level = look(*window, now);
  if (level.open) return window->against.empty() ? "" : waiting + ": " + window->against;
  if (level.holds.end == calendar::kNever) return waiting + ", which does not open in the next weeks";
  return waiting + " (" + calendar::ahead_words("opens", window->zone, level.holds.end, now) + ")";
}

}  // namespace lectern
