#include "config/calendar/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <cstdlib>

namespace lectern::calendar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const date::time_zone* locate(const std::string& name) {
  if (name.empty()) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

const date::time_zone* own_zone() {
  if (const char* variable = std::getenv("TZ"); variable && *variable)
    if (const auto* zone = locate(*variable == ':' ? variable + 1 : variable)) return zone;
  try {
    return date::current_zone();
  } catch (const std::runtime_error&) {
    return locate("UTC");
  }
}

}  // namespace

std::optional<Zone> Zone::find(const std::string& name) {
  const date::time_zone* zone = name.empty() ? own_zone() : locate(name);
  if (!zone) return std::nullopt;
  return Zone(zone, zone->name());
}

std::vector<std::string> Zone::names() {
  std::vector<std::string> all;
  for (const date::time_zone& zone : date::get_tzdb().zones) all.push_back(zone.name());
  return all;
}

WallTime Zone::shows(Instant instant) const {
  const auto at = date::floor<seconds>(date::sys_time<milliseconds>(milliseconds(instant)));
  return zone_->to_local(at).time_since_epoch().count();
}

Instant Zone::first(WallTime time) const {
  const date::local_info info = zone_->get_info(date::local_seconds(seconds(time)));
  const auto at = info.result == date::local_info::nonexistent ? info.second.begin.time_since_epoch()
                                                               : seconds(time) - info.first.offset;
  return milliseconds(at).count();
}

int weekday(WallTime time) {
  const date::weekday day(date::local_days(date::days((time - ((time % kDay) + kDay) % kDay) / kDay)));
  return static_cast<int>(day.c_encoding());
}

Civil civil(WallTime time) {
  const date::local_seconds at{seconds(time)};
  const auto day = date::floor<date::days>(at);
  const date::year_month_day ymd(day);
  const date::hh_mm_ss<seconds> of_day(at - day);
  return {int(ymd.year()),
          static_cast<int>(unsigned(ymd.month())),
          static_cast<int>(unsigned(ymd.day())),
          static_cast<int>(of_day.hours().count()),
          static_cast<int>(of_day.minutes().count()),
          static_cast<int>(of_day.seconds().count())};
}

std::optional<WallTime> wall_time(const Civil& c) {
  if (c.month < 1 || c.month > 12 || c.day < 1 || c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 ||
      c.second < 0 || c.second > 59)
    return std::nullopt;
  const date::year_month_day day{date::year(c.year), date::month(static_cast<unsigned>(c.month)),
                                 date::day(static_cast<unsigned>(c.day))};
  if (!day.ok()) return std::nullopt;
  return date::local_days(day).time_since_epoch().count() * kDay + c.hour * 3600 + c.minute * 60 + c.second;
}

}  // namespace lectern::calendar
