// Windows: hours in which work may run. A level, not an edge: "is now inside?" is asked of the clock alone.
#pragma once

#include <string>
#include <vector>

#include "config/calendar/words.h"
#include "config/calendar/zone.h"

namespace lectern::calendar {

// From a time of day until another one, on the days on which it opens. `to_minute` <= `from_minute`: of the next day.
// A time that the clock skips counts as the first one after the skip, one that it shows twice as the first of them.
struct Hours {
  Days days = kEveryDay;
  int from_minute = 0, to_minute = 24 * 60;  // after midnight; `to_minute` up to 24 h
};

struct Span {
  Instant begin = 0, end = 0;  // [begin, end)
  bool operator==(const Span&) const = default;
};

inline constexpr Instant kNever = INT64_MAX;

// The answer at an instant, and the stretch around that instant in which it stays the same (end kNever: for weeks).
struct Level {
  bool open = false;
  Span holds;
};
Level level(const Hours& hours, const Zone& zone, Instant now);

// The stretches in which it is open, from the one that is open at `from` or opens next, up to those that open before
// `to`; stretches that touch are one.
std::vector<Span> openings(const Hours& hours, const Zone& zone, Instant from, Instant to);

}  // namespace lectern::calendar
