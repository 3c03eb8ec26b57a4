#include "config/window_setting.h"

#include <algorithm>

#include "config/schedule_setting.h"
#include "config/spelling.h"
#include "config/strict_yaml.h"

namespace lectern {
namespace {

constexpr const char* kTimeHint = "write a time of day as in 22:00";

std::string read_name(const YamlFields& f, const YAML::Node& value) {
  const std::string name = f.text("name", value);
  if (!is_plain_name(name) || name == kAlways)
    f.refuse(value, "'name' cannot be '" + name + "'", "use letters, digits, - and _; the word 'always' is taken");
  return name;
}

int read_minute(const YamlFields& f, const std::string& key, const YAML::Node& value, int most) {
  const std::string words = f.text(key, value);
  const auto minute = calendar::minute_in(words);
  if (!minute || *minute > most) f.refuse(value, "'" + key + "' is no time of day: '" + words + "'", kTimeHint);
  return *minute;
}

calendar::Days read_days(const YamlFields& f, const YAML::Node& value) {
  std::string words;
  if (value.IsSequence())
    for (const YAML::Node& day : value) words += (words.empty() ? "" : ",") + f.text("days", day);
  else
    words = f.text("days", value);
  if (words.empty()) f.refuse(value, "'days' is empty: the window is never open", "name days, or remove the line");
  const auto days = calendar::days_in(words);
  if (!days)
    f.refuse(value, "'days' is not understood: '" + words + "'",
             "use daily, weekdays, weekends, or days as in mon-thu,sat");
  return *days;
}

WindowSetting read_window(const std::string& file, const YAML::Node& node) {
  YamlFields f(node, file, "a window");
  WindowSetting window;
  window.name = read_name(f, f.require("name"));
  if (const auto days = f.find("days"); days.IsDefined()) window.hours.days = read_days(f, days);
  const YAML::Node from = f.require("from"), to = f.require("to");
  window.hours.from_minute = read_minute(f, "from", from, 24 * 60 - 1);
  window.hours.to_minute = read_minute(f, "to", to, 24 * 60);
  if (window.hours.from_minute == window.hours.to_minute)
    f.refuse(to, "'to' is the same as 'from': the window '" + window.name + "' is never open",
             "for whole days write from: 00:00 and to: 24:00");
  if (const auto zone = f.find("zone"); zone.IsDefined()) {
    window.zone = f.text("zone", zone);
    if (!calendar::Zone::find(window.zone))
      f.refuse(zone, "'zone' is not known: '" + window.zone + "'", zone_hint(window.zone));
  }
  if (const auto mains = f.find("only_on_mains"); mains.IsDefined())
    window.only_on_mains = f.truth("only_on_mains", mains);
  if (const auto free = f.find("only_when_device_free"); free.IsDefined())
    window.only_when_device_free = f.truth("only_when_device_free", free);
  f.finish();
  return window;
}

}  // namespace

std::vector<WindowSetting> read_window_list(const YamlFields& f, const std::string& key, const YAML::Node& value) {
  std::vector<WindowSetting> windows;
  if (!value.IsSequence())
    f.refuse(value, "'" + key + "' must be a list of windows", "begin each window with '  - name: ...'");
  for (const YAML::Node& node : value) {
    WindowSetting window = read_window(f.file(), node);
    if (find_window(windows, window.name))
      f.refuse(node, "'name': two windows are called '" + window.name + "'", "rename or remove one of them");
    windows.push_back(std::move(window));
  }
  return windows;
}

std::string zone_hint(const std::string& zone) {
  const std::string near = nearest_word(zone, calendar::Zone::names());
  return near.empty() ? "use an IANA name such as Europe/Berlin" : "did you mean '" + near + "'?";
}

const WindowSetting* find_window(const std::vector<WindowSetting>& windows, const std::string& name) {
  const auto found = std::find_if(windows.begin(), windows.end(), [&](const auto& w) { return w.name == name; });
  return found == windows.end() ? nullptr : &*found;
}

std::string known_windows(const std::vector<WindowSetting>& windows, const std::string& name) {
  if (windows.empty()) return "config.yaml has no windows; add one under 'windows:', then `lectern stop`";
  std::vector<std::string> names;
  for (const WindowSetting& window : windows) names.push_back(window.name);
  std::string list;
  for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
  const std::string near = nearest_word(name, names);
  return (near.empty() ? "" : "did you mean '" + near + "'? ") + ("known windows: " + list + ", or always");
}

}  // namespace lectern
