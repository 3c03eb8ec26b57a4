// Days and times in the words that people write and read.
#pragma once

#include <optional>
#include <string>

#include "config/calendar/zone.h"

namespace lectern::calendar {

// A set of weekdays: bit 0 is Sunday.
using Days = unsigned;
inline constexpr Days kEveryDay = 0x7f;

// "mon", "mon,wed", "mon-fri", "fri-mon", "weekdays", "weekends", "daily"; whole names too, in any case. nullopt: no.
std::optional<Days> days_in(const std::string& words);
// "mon-fri", "sat,sun", "daily"
std::string name_of(Days days);

// "22:00" -> minutes after midnight, up to 24:00. nullopt: no time of day.
std::optional<int> minute_in(const std::string& words);
std::string name_of_minute(int minute);  // "22:00"

// The next instant after `now` that is meant: "22:00", "tomorrow 06:00", "fri 22:00", "2026-11-24 22:00", "+3h",
// "+1h30m". nullopt: not understood. A date may lie in the past.
std::optional<Instant> instant_in(const std::string& words, const Zone& zone, Instant now);

// How long: "45 s", "12 m", "3 h 12 m", "2 d 4 h". Rounded down to minutes, so that it counts like a clock.
std::string span_words(std::int64_t ms);
// When, as short as is clear from `now`: "22:00", "Mon 22:00", "2026-12-24 22:00". Another zone than the machine's is
// named: "22:00 Asia/Kathmandu".
std::string when_words(const Zone& zone, Instant at, Instant now);
// "opens 22:00, in 3 h 12 m"
std::string ahead_words(const char* what, const Zone& zone, Instant at, Instant now);

}  // namespace lectern::calendar
