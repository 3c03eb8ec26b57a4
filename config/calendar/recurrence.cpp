#include "config/calendar/recurrence.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "config/fault.h"

namespace lectern::calendar {
namespace {

constexpr int kDaysAhead = 9 * 366;  // the 29th of February may be 8 years away
constexpr const char* kHint = "write words as in 'every weekday 22:00', or five cron fields as in '0 22 * * 1-5'";

constexpr std::array<std::pair<const char*, const char*>, 6> kMacros = {{{"@hourly", "0 * * * *"},
                                                                         {"@daily", "0 0 * * *"},
                                                                         {"@midnight", "0 0 * * *"},
                                                                         {"@weekly", "0 0 * * 0"},
                                                                         {"@monthly", "0 0 1 * *"},
                                                                         {"@yearly", "0 0 1 1 *"}}};

struct Field {
  const char* name;
  int low, high;
  std::vector<const char*> words;  // for low, low + 1, ...
};
const std::array<Field, 5> kFields = {
    {{"minute", 0, 59, {}},
     {"hour", 0, 23, {}},
     {"day of month", 1, 31, {}},
     {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
     {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};

[[noreturn]] void refuse(const std::string& what) { throw Fault(Exit::bad_input, what, kHint); }

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 4 || read.ec != std::errc() || read.ptr != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

int value_of(const Field& field, const std::string& text) {
  for (std::size_t i = 0; i < field.words.size(); ++i)
    if (text == field.words[i]) return field.low + static_cast<int>(i);
  const auto value = number(text);
  if (!value || *value < field.low || *value > field.high)
    refuse(std::string("the field '") + field.name + "' cannot hold '" + text + "': it goes from " +
           std::to_string(field.low) + " to " + std::to_string(field.high));
  return *value;
}

// One part of a list: * or a value or a range, and a step.
std::uint64_t part_bits(const Field& field, const std::string& part) {
  const auto slash = part.find('/');
  const std::string range = part.substr(0, slash);
  int step = 1;
  if (slash != std::string::npos) {
    const auto wanted = number(part.substr(slash + 1));
    if (!wanted || *wanted == 0) refuse(std::string("the field '") + field.name + "' has a wrong step: '" + part + "'");
    step = *wanted;
  }
  const auto dash = range.find('-');
  int first = field.low, last = field.high;
  if (range != "*") {
    first = value_of(field, range.substr(0, dash));
    last = dash != std::string::npos    ? value_of(field, range.substr(dash + 1))
           : slash == std::string::npos ? first
                                        : last;
  } else if (field.high == 7) {
    last = 6;
  }
  if (first > last)
    refuse(std::string("the field '") + field.name + "' has a range that ends before it begins: '" + part + "'");
  std::uint64_t bits = 0;
  for (int value = first; value <= last; value += step) bits |= std::uint64_t{1} << value;
  return bits;
}

std::uint64_t bits_of(const Field& field, const std::string& text) {
  std::uint64_t bits = 0;
  std::stringstream parts(text);
  std::string part;
  while (std::getline(parts, part, ',')) bits |= part_bits(field, part);
  if (bits == 0 || text.back() == ',')
    refuse(std::string("the field '") + field.name + "' is not understood: '" + text + "'");
  return bits;
}

std::vector<int> every(int step) {
  std::vector<int> minutes;
  for (int minute = 0; minute < 24 * 60; minute += step) minutes.push_back(minute);
  return minutes;
}

std::vector<std::string> split(const std::string& text) {
  std::stringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    words.push_back(word);
  }
  return words;
}

}  // namespace

Recurrence Recurrence::parse(const std::string& text) {
  std::vector<std::string> parts = split(text);
  if (parts.empty()) refuse("no time is given");
  if (parts[0][0] == '@') {
    const auto macro = std::find_if(kMacros.begin(), kMacros.end(), [&](const auto& m) { return parts[0] == m.first; });
    if (macro == kMacros.end() || parts.size() > 1) refuse("'" + text + "' is not understood");
    parts = split(macro->second);
  }
  const bool fields = parts[0].find(':') == std::string::npos &&
                      (std::isdigit(static_cast<unsigned char>(parts[0][0])) || parts[0][0] == '*');
  if (fields && parts.size() != 5)
    refuse("a cron expression has five fields, and '" + text + "' has " + std::to_string(parts.size()));
  const Recurrence result = fields ? cron(parts) : words(parts);
  const Zone utc = *Zone::find("UTC");
  if (result.next(utc, 0) == INT64_MAX) refuse("'" + text + "' never comes: there is no such day");
  return result;
}

Recurrence Recurrence::cron(const std::vector<std::string>& fields) {
  Recurrence r;
  const std::uint64_t minutes = bits_of(kFields[0], fields[0]), hours = bits_of(kFields[1], fields[1]);
  for (int minute = 0; minute < 24 * 60; ++minute)
    if (hours >> (minute / 60) & 1 && minutes >> (minute % 60) & 1) r.minutes_.push_back(minute);
  r.days_ = static_cast<unsigned>(bits_of(kFields[2], fields[2]));
  r.months_ = static_cast<unsigned>(bits_of(kFields[3], fields[3]));
  const auto weekdays = static_cast<Days>(bits_of(kFields[4], fields[4]));
  r.weekdays_ = (weekdays | weekdays >> 7) & kEveryDay;  // 7 is Sunday too
  r.either_day_ = fields[2][0] != '*' && fields[4][0] != '*';
  return r;
}

Recurrence Recurrence::words(const std::vector<std::string>& given) {
  std::vector<std::string> parts = given;
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : " ") + part;
  Recurrence r;
  if (parts[0] == "every") parts.erase(parts.begin());
  if (!parts.empty() && (parts[0] == "hourly" || parts[0] == "hour") && parts.size() == 1) {
    r.minutes_ = every(60);
    return r;
  }
  if (const auto count = parts.empty() ? std::nullopt : number(parts[0]); count && parts.size() == 2) {
    const bool minutes = parts[1].rfind("minute", 0) == 0, hours = parts[1].rfind("hour", 0) == 0;
    if ((!minutes && !hours) || *count == 0 || (minutes ? 60 : 24) % *count != 0)
      refuse("'" + all + "' does not fill " + (minutes ? "an hour" : "a day") + " evenly");
    r.minutes_ = every(*count * (minutes ? 1 : 60));
    return r;
  }
  std::string days;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string word = parts[i];
    const bool goes_on = word.back() == ',';
    if (goes_on) word.pop_back();
    if (word == "at" || word == "and") continue;
    if (const auto minute = minute_in(word); minute && *minute < 24 * 60) {
      r.minutes_.push_back(*minute);
    } else if (r.minutes_.empty()) {
      days += (days.empty() || days.back() == ',' ? "" : ",") + parts[i];
    } else {
      refuse("'" + all + "' is not understood at '" + word + "'");
    }
  }
  if (!days.empty() && days.back() == ',') days.pop_back();
  const auto weekdays = days_in(days);
  if (!weekdays) refuse("'" + all + "' is not understood" + (days.empty() ? "" : ": '" + days + "' names no days"));
  if (r.minutes_.empty()) refuse("'" + all + "' names no time of day");
  r.weekdays_ = *weekdays;
  std::sort(r.minutes_.begin(), r.minutes_.end());
  r.minutes_.erase(std::unique(r.minutes_.begin(), r.minutes_.end()), r.minutes_.end());
  return r;
}

bool Recurrence::on(WallTime day) const {
  const Civil c = civil(day);
  if (!(months_ >> c.month & 1)) return false;
  const bool by_date = days_ >> c.day & 1, by_weekday = weekdays_ >> weekday(day) & 1;
  return either_day_ ? by_date || by_weekday : by_date && by_weekday;
}

// The first instant of a time of day never comes before that of an earlier one, so the order of the clock is the order
// of the instants; a day is begun with for what a skip may have moved.
Instant Recurrence::next(const Zone& zone, Instant instant) const {
  const WallTime first = midnight(zone.shows(instant)) - kDay;
  for (int i = 0; i < kDaysAhead; ++i) {
    const WallTime day = first + i * kDay;
    if (!on(day)) continue;
    for (const int minute : minutes_)
      if (const Instant at = zone.first(day + minute * 60); at > instant) return at;
  }
  return INT64_MAX;
}

std::optional<Instant> Recurrence::last(const Zone& zone, Instant after, Instant now) const {
  const WallTime first = midnight(zone.shows(after)) - kDay;
  for (WallTime day = midnight(zone.shows(now)) + kDay; day >= first; day -= kDay) {
    if (!on(day)) continue;
    for (auto minute = minutes_.rbegin(); minute != minutes_.rend(); ++minute) {
      const Instant at = zone.first(day + *minute * 60);
      if (at <= after) return std::nullopt;
      if (at <= now) return at;
    }
  }
  return std::nullopt;
}

}  // namespace lectern::calendar
