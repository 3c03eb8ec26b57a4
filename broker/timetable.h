// What the clock says of jobs: which windows are open now, and what a job waits for. Everything is a level that is
// asked of the clock anew, so that a restart, a sleep or a clock that was set needs no replay. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/clock.h"
#include "broker/store/store.h"
#include "config/calendar/window.h"
#include "config/settings.h"

namespace lectern {

inline constexpr const char* kAllPaused = "everything is paused; `lectern resume --all` goes on";

class Timetable {
 public:
  // Why a window's conditions do not hold; empty: they do. Asked every ten seconds while the window is open.
  using Against = std::function<std::string(const WindowSetting&)>;
  Timetable(Store& store, const Settings& settings, const Clock& clock, Against against);

  // Looks at the clock. Returns when the next window opens or closes or the next job's time comes (monotonic ms).
  std::int64_t tick();
  // The windows that are open, by name; first of all "", which is always open.
  const std::vector<std::string>& open() const { return open_; }
  // The next work of which it is known when it may run, within the next hour. Looked for once a second.
  struct Coming {
    std::string model;
    calendar::Instant at = 0;
  };
  const std::optional<Coming>& coming();
  // Lets the work of unloaded models go on that was to begin after they were unloaded: a window has opened, or a job's
  // time has come.
  void release_models();
  // Why the job's segments are not handed out: "waiting for window night (opens 22:00, in 3 h 12 m)", "paused"; empty:
  // they are.
  std::string waits_for(const Job& job);
  // When and in which window a job goes on that did not come to its end until then: "Tue 22:00"; empty: not known.
  std::string goes_on(const Job& job, calendar::Instant then);

  // As calendar::openings(); none for a window that config.yaml lacks.
  std::vector<calendar::Span> openings(const std::string& window, calendar::Instant from, calendar::Instant to);
  std::optional<calendar::Span> current_or_next(const std::string& window);
  // The last stretch that has ended, if one has in the last days.
  std::optional<calendar::Span> last_closed(const std::string& window);
  std::string date_of(const std::string& window, calendar::Instant at);  // "2026-11-23", in the window's zone
  std::string when_words(calendar::Instant at) const;                    // in the machine's zone

 private:
  struct Window {
    WindowSetting setting;
    calendar::Zone zone;
    std::optional<calendar::Level> level;  // as of the last look
    std::string against;                   // why it does not count as open
    std::int64_t ask_at_ms = 0;            // for that, again
  };
  const calendar::Level& look(Window& window, calendar::Instant now) const;
  void ask(Window& window);
  Window* find(const std::string& name);

  Store& store_;
  const Clock& clock_;
  const Against against_;
  const calendar::Zone own_;  // the machine's zone
  std::vector<Window> windows_;
  std::vector<std::string> open_{""};
  std::optional<Coming> coming_;
  std::int64_t coming_ms_ = 0;  // when it was looked for; monotonic
};

}  // namespace lectern
