#include "config/calendar/window.h"

#include <algorithm>

namespace lectern::calendar {
namespace {

constexpr int kDaysBack = 9, kDaysAhead = 16;  // one opening a week, and one of them may fall into a skip

// All stretches that open on the days from `first` to `last`, both included; those that touch are one.
std::vector<Span> between(const Hours& hours, const Zone& zone, WallTime first, WallTime last) {
  std::vector<Span> spans;
  const bool overnight = hours.to_minute <= hours.from_minute;
  for (WallTime day = first; day <= last; day += kDay) {
    if (!(hours.days & (1u << weekday(day)))) continue;
    const Span span{zone.first(day + hours.from_minute * 60),
                    zone.first(day + (overnight ? kDay : 0) + hours.to_minute * 60)};
    if (span.begin >= span.end) continue;
    if (!spans.empty() && span.begin <= spans.back().end)
      spans.back().end = std::max(spans.back().end, span.end);
    else
      spans.push_back(span);
  }
  return spans;
}

}  // namespace

Level level(const Hours& hours, const Zone& zone, Instant now) {
  const WallTime today = midnight(zone.shows(now));
  const WallTime edge = today + kDaysAhead * kDay;
  Level answer{false, {INT64_MIN, kNever}};
  for (const Span& span : between(hours, zone, today - kDaysBack * kDay, edge)) {
    if (span.end <= now)
      answer.holds.begin = span.end;
    else if (span.begin > now)
      return answer.holds.end = span.begin, answer;
    else
      return {true, {span.begin, span.end >= zone.first(edge) ? kNever : span.end}};
  }
  return answer;
}

std::vector<Span> openings(const Hours& hours, const Zone& zone, Instant from, Instant to) {
  const WallTime first = midnight(zone.shows(from)) - 2 * kDay, last = midnight(zone.shows(to)) + kDay;
  std::vector<Span> spans = between(hours, zone, first, last);
  std::erase_if(spans, [&](const Span& span) { return span.end <= from || span.begin >= to; });
  return spans;
}

}  // namespace lectern::calendar
