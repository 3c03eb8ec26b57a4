// A year of a zone, minute by minute, as the C library's clock shows it: what the calendar's rules are checked against.
#pragma once

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "config/calendar/zone.h"

namespace lectern::calendar {

inline constexpr const char* kZones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo",
                                         "Asia/Kathmandu"};
inline constexpr Instant kMinute = 60'000;

class Year {
 public:
  explicit Year(const std::string& zone) {
    const char* before = std::getenv("TZ");
    const std::string kept = before ? before : "";
    setenv("TZ", (":" + zone).c_str(), 1);
    tzset();
    const std::time_t begin = 1767225600 - 2 * 86400;  // 2026-01-01 UTC, and the days around the year
    for (std::time_t t = begin; t < begin + 369 * 86400; t += 60) {
      std::tm tm{};
      localtime_r(&t, &tm);
      const WallTime shown = t + tm.tm_gmtoff;
      reached_.push_back(reached_.empty() ? shown : std::max(reached_.back(), shown));
    }
    begin_ = begin * 1000LL;
    if (before)
      setenv("TZ", kept.c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  Instant begin() const { return begin_; }
  Instant end() const { return begin_ + static_cast<Instant>(reached_.size()) * kMinute; }
  WallTime first_shown() const { return reached_.front(); }
  WallTime last_shown() const { return reached_.back(); }
  // The first minute of the year at which the clock has shown this time or a later one.
  Instant reaches(WallTime time) const {
    const auto at = std::lower_bound(reached_.begin(), reached_.end(), time);
    return begin_ + (at - reached_.begin()) * kMinute;
  }

 private:
  Instant begin_ = 0;
  std::vector<WallTime> reached_;  // the latest time that the clock has shown up to each minute
};

}  // namespace lectern::calendar
