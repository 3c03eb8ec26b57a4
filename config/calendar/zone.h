// Wall clocks of the world: what the clock of a zone shows at an instant, and when it shows something.
//
// The zones are the system's (package tzdata), which lists changes up to the year 2037.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace date {
class time_zone;
}

namespace lectern::calendar {

using Instant = std::int64_t;   // milliseconds since 1970, UTC, as Clock::wall_ms() tells them
using WallTime = std::int64_t;  // what a wall clock shows, as seconds since it showed 1970-01-01 00:00:00

inline constexpr WallTime kDay = 86400;

class Zone {
 public:
  // By its IANA name; empty: the machine's own (TZ, else /etc/localtime, else UTC). nullopt: there is no such zone.
  static std::optional<Zone> find(const std::string& name);
  static std::vector<std::string> names();

  const std::string& name() const { return name_; }
  WallTime shows(Instant instant) const;
  // The first instant at which the clock shows `time`; when it skips that, the first one after the skip.
  Instant first(WallTime time) const;

 private:
  Zone(const date::time_zone* zone, std::string name) : zone_(zone), name_(std::move(name)) {}

  const date::time_zone* zone_;  // lives as long as the process
  std::string name_;
};

// Midnight before; 0 is Sunday.
inline WallTime midnight(WallTime time) { return time - ((time % kDay) + kDay) % kDay; }
int weekday(WallTime time);

struct Civil {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};
Civil civil(WallTime time);
// nullopt: there is no such day or time of day.
std::optional<WallTime> wall_time(const Civil& civil);

}  // namespace lectern::calendar
