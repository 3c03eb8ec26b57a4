#include "config/quantity.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace lectern {
namespace {

long long whole(double seconds) {
  if (!(seconds > 0)) return 0;
  return std::llround(std::min(seconds, 1e12));
}

}  // namespace

std::string clock_time(double seconds) {
  const long long s = whole(seconds);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string about(double seconds) {
  const long long s = whole(seconds);
  if (s < 60) return fmt::format("{} s", s);
  const long long minutes = (s + 30) / 60;
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 24 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  const long long hours = (s + 1800) / 3600;
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string size_of(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string digits = fmt::format("{:.{}f}", value, decimals);
  if (decimals > 0) digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return digits + " " + kUnits[unit];
}

std::string count(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string count(std::uint64_t number, const std::string& noun) {
  return count(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string times(double factor) {
  const int decimals = factor < 0.995 ? 2 : factor < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}x", factor, decimals);
}

std::string local_time(std::int64_t ms) {
  if (ms == 0) return {};
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

}  // namespace lectern
