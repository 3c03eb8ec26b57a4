// When something is due again and again: a five-field cron expression, or words such as "every weekday 22:00".
//
// Times of a zone's clock. A time that the clock skips is due at the first one after the skip, one that it shows twice
// is due at the first of them only. Times that fall together are one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/calendar/words.h"
#include "config/calendar/zone.h"

namespace lectern::calendar {

class Recurrence {
 public:
  // Cron: minute hour day-of-month month day-of-week, with * , - / and names; when both days are restricted, either is
  // enough; also @hourly @daily @weekly @monthly @yearly. Words: "every DAYS [at] TIME [and TIME...]" with DAYS as in
  // windows, "every hour", "every N minutes", "every N hours". Throws Fault(bad_input) that says what is wrong.
  static Recurrence parse(const std::string& words);

  // The first time after `instant`.
  Instant next(const Zone& zone, Instant instant) const;
  // The last time in (after, now]; nullopt: there is none.
  std::optional<Instant> last(const Zone& zone, Instant after, Instant now) const;

 private:
  static Recurrence cron(const std::vector<std::string>& fields);
  static Recurrence words(const std::vector<std::string>& words);
  bool on(WallTime day) const;

  std::vector<int> minutes_;                      // of the day, ascending
  unsigned days_ = 0xfffffffe, months_ = 0x1ffe;  // bit n: the day or month n
  Days weekdays_ = kEveryDay;
  bool either_day_ = false;  // cron: day of month or day of week
};

}  // namespace lectern::calendar
