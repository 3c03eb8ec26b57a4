#include "config/keep_alive.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

namespace lectern {
namespace {

constexpr double kLongest = 366 * 86400.0;

std::optional<double> parse_duration(const std::string& words) {
  if (words.empty() || words[0] < '0' || words[0] > '9') return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(words.c_str(), &end);
  const std::string unit = end;
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (factor == 0 || !std::isfinite(number) || number * factor > kLongest) return std::nullopt;
  return number * factor;
}

std::optional<int> parse_minute(const std::string& clock) {
  const auto digit = [&](std::size_t i) { return clock[i] >= '0' && clock[i] <= '9'; };
  if (clock.size() != 5 || clock[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hour = std::stoi(clock.substr(0, 2)), minute = std::stoi(clock.substr(3));
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

std::optional<KeepAlive> parse_keep_alive(const std::string& words) {
  if (words == "auto") return KeepAlive{};
  if (words == "forever") return KeepAlive{KeepAlive::Kind::forever};
  if (words.rfind("until ", 0) == 0) {
    const auto minute = parse_minute(words.substr(6));
    if (!minute) return std::nullopt;
    return KeepAlive{KeepAlive::Kind::until, 0, *minute};
  }
  const auto seconds = parse_duration(words);
  if (!seconds) return std::nullopt;
  return KeepAlive{KeepAlive::Kind::duration, *seconds};
}

std::string describe(const KeepAlive& keep) {
  switch (keep.kind) {
    case KeepAlive::Kind::automatic:
      return "auto";
    case KeepAlive::Kind::duration:
      return fmt::format("{:g}s", keep.seconds);
    case KeepAlive::Kind::forever:
      return "forever";
    case KeepAlive::Kind::until:
      break;
  }
  return fmt::format("until {:02}:{:02}", keep.minute / 60, keep.minute % 60);
}

std::int64_t next_local_minute(int minute, std::int64_t wall_ms) {
  const std::time_t now = wall_ms / 1000;
  for (int day = 0;; ++day) {
    std::tm local{};
    localtime_r(&now, &local);
    local.tm_mday += day;
    local.tm_hour = minute / 60;
    local.tm_min = minute % 60;
    local.tm_sec = 0;
    local.tm_isdst = -1;
    const std::int64_t at = static_cast<std::int64_t>(mktime(&local)) * 1000;
    if (at > wall_ms) return at;
  }
}

}  // namespace lectern
