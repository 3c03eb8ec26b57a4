#include "config/calendar/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace lectern::calendar {
namespace {

constexpr const char* kNames[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
constexpr Days kWeekdays = 0b0111110, kWeekend = 0b1000001;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == at)
      parts.emplace_back();
    else
      parts.back() += c;
  for (std::string& part : parts) part = trimmed(part);
  return parts;
}

// "mon" or "monday", also "mondays"; -1: no day.
int day_in(const std::string& word) {
  for (int i = 0; i < 7; ++i) {
    const std::string name = kNames[i];
    if (word == name || word == name.substr(0, 3) || word == name + "s") return i;
  }
  return -1;
}

std::string title(int day) {
  std::string name = std::string(kNames[day]).substr(0, 3);
  name[0] = static_cast<char>(std::toupper(name[0]));
  return name;
}

std::optional<int> number_in(const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || text.size() > 6 || read.ec != std::errc() || read.ptr != end || value < 0) return std::nullopt;
  return value;
}

// "3h", "1h30m", "45m", "2d" as milliseconds.
std::optional<std::int64_t> span_in(const std::string& text) {
  std::int64_t total = 0;
  std::string digits;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      digits += c;
      continue;
    }
    if (c == ' ' && digits.empty()) continue;
    const auto value = number_in(digits);
    const std::int64_t unit = c == 'd' ? 86400 : c == 'h' ? 3600 : c == 'm' ? 60 : c == 's' ? 1 : 0;
    if (!value || unit == 0) return std::nullopt;
    total += *value * unit * 1000;
    digits.clear();
  }
  if (!digits.empty() || total == 0) return std::nullopt;
  return total;
}

std::optional<WallTime> date_in(const std::string& text) {
  const auto parts = split(text, '-');
  if (parts.size() != 3 || parts[0].size() != 4) return std::nullopt;
  const auto year = number_in(parts[0]), month = number_in(parts[1]), day = number_in(parts[2]);
  if (!year || !month || !day) return std::nullopt;
  return wall_time({*year, *month, *day});
}

}  // namespace

std::optional<Days> days_in(const std::string& words) {
  Days days = 0;
  for (const std::string& part : split(lower(words), ',')) {
    if (part == "daily" || part == "day" || part == "night" || part == "every day") {
      days |= kEveryDay;
    } else if (part == "weekdays" || part == "weekday") {
      days |= kWeekdays;
    } else if (part == "weekends" || part == "weekend") {
      days |= kWeekend;
    } else {
      const auto ends = split(part, '-');
      const int first = day_in(ends.front()), last = day_in(ends.back());
      if (ends.size() > 2 || first < 0 || last < 0) return std::nullopt;
      for (int day = first;; day = (day + 1) % 7) {
        days |= 1u << day;
        if (day == last) break;
      }
    }
  }
  return days;
}

std::string name_of(Days days) {
  if (days == kEveryDay) return "daily";
  if (days == kWeekdays) return "mon-fri";
  std::string text;
  for (int i = 1; i <= 7; ++i)
    if (days & (1u << i % 7)) text += (text.empty() ? "" : ",") + std::string(kNames[i % 7]).substr(0, 3);
  return text;
}

std::optional<int> minute_in(const std::string& words) {
  const auto parts = split(words, ':');
  if (parts.size() != 2 || parts[0].size() > 2 || parts[1].size() != 2) return std::nullopt;
  const auto hour = number_in(parts[0]), minute = number_in(parts[1]);
  if (!hour || !minute || *minute > 59 || *hour > 24 || (*hour == 24 && *minute > 0)) return std::nullopt;
  return *hour * 60 + *minute;
}

std::string name_of_minute(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

std::optional<Instant> instant_in(const std::string& words, const Zone& zone, Instant now) {
  std::string text = lower(trimmed(words));
  if (text.rfind("in ", 0) == 0) text = "+" + text.substr(3);
  if (!text.empty() && text[0] == '+') {
    const auto span = span_in(text.substr(1));
    if (!span) return std::nullopt;
    return now + *span;
  }
  if (text.size() > 10 && text[10] == 't') text[10] = ' ';
  const auto space = text.rfind(' ');
  const std::string day = space == std::string::npos ? "" : trimmed(text.substr(0, space));
  const auto minute = minute_in(space == std::string::npos ? text : text.substr(space + 1));
  if (!minute) return std::nullopt;
  if (const auto date = date_in(day)) return zone.first(*date + *minute * 60);
  const WallTime today = midnight(zone.shows(now));
  const auto days = day.empty() || day == "today" || day == "tomorrow" ? kEveryDay : days_in(day);
  if (!days || *days == 0) return std::nullopt;
  if (day == "today") return zone.first(today + *minute * 60);
  for (int ahead = day == "tomorrow" ? 1 : 0; ahead < 9; ++ahead) {
    const WallTime at = today + ahead * kDay;
    if (!(*days & (1u << weekday(at)))) continue;
    if (const Instant instant = zone.first(at + *minute * 60); instant > now) return instant;
  }
  return std::nullopt;
}

std::string span_words(std::int64_t ms) {
  const std::int64_t s = std::max<std::int64_t>(ms, 0) / 1000;
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} m", s / 60);
  if (s < 86400) return fmt::format("{} h {} m", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string when_words(const Zone& zone, Instant at, Instant now) {
  const WallTime time = zone.shows(at);
  const Civil c = civil(time);
  std::string text = fmt::format("{:02}:{:02}", c.hour, c.minute);
  const std::int64_t away = at > now ? at - now : now - at;
  if (away > 6 * kDay * 1000)
    text = fmt::format("{:04}-{:02}-{:02} ", c.year, c.month, c.day) + text;
  else if (away >= 20 * 3600 * 1000)
    text = title(weekday(time)) + " " + text;
  const auto own = Zone::find("");
  if (own && own->shows(at) != time) text += " " + zone.name();
  return text;
}

std::string ahead_words(const char* what, const Zone& zone, Instant at, Instant now) {
  return fmt::format("{} {}, in {}", what, when_words(zone, at, now), span_words(at - now));
}

}  // namespace lectern::calendar
