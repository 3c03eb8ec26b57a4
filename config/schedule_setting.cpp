#include "config/schedule_setting.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "config/calendar/recurrence.h"
#include "config/delivery.h"
#include "config/fault.h"
#include "config/paths.h"
#include "config/reading.h"
#include "config/script_settings.h"
#include "config/strict_yaml.h"

namespace lectern {
namespace {

const std::vector<std::string> kCatchUps = {"next-window", "once-now", "skip"};

bool is_one_of(const std::string& word, const std::vector<std::string>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

std::vector<std::string> read_scripts(const YamlFields& f, const YAML::Node& value) {
  std::vector<std::string> scripts;
  if (!value.IsSequence()) return {expand_home(f.text("scripts", value))};
  for (const YAML::Node& script : value) scripts.push_back(expand_home(f.text("scripts", script)));
  return scripts;
}

ScheduleSetting read_schedule(const std::string& file, const YAML::Node& node,
                              const std::vector<WindowSetting>& windows) {
  YamlFields f(node, file, "a schedule");
  ScheduleSetting s;
  auto text = [&](const char* key, std::string& member) {
    if (const auto value = f.find(key); value.IsDefined()) member = f.text(key, value);
  };
  auto truth = [&](const char* key, bool& member) {
    if (const auto value = f.find(key); value.IsDefined()) member = f.truth(key, value);
  };
  s.name = f.text("name", f.require("name"));
  s.when = f.text("when", f.require("when"));
  s.scripts = read_scripts(f, f.require("scripts"));
  text("zone", s.zone);
  text("model", s.model);
  text("voice", s.voice);
  text("format", s.format);
  text("output", s.output);
  s.output = expand_home(s.output);
  text("window", s.window);
  text("catch_up", s.catch_up);
  if (const auto value = f.find("speed"); value.IsDefined()) s.speed = f.number("speed", value, 0.5, 2.0);
  if (const auto value = f.find("priority"); value.IsDefined()) s.priority = f.whole("priority", value, -100, 100);
  text("lexicon", s.lexicon);
  s.delivery = to_json(take_delivery(f));
  if (const auto value = f.find("skip"); value.IsDefined()) s.skip = words_of(take_reading(f, "skip", value));
  truth("recursive", s.recursive);
  truth("markdown", s.markdown);
  truth("overwrite", s.overwrite);
  f.finish();
  if (const auto wrong = wrong_field(s, windows)) {
    const YAML::Node at = f.find(wrong->field);
    f.refuse(at.IsDefined() ? at : node, "'" + wrong->field + "': " + wrong->what, wrong->hint);
  }
  return s;
}

}  // namespace

std::optional<WrongField> wrong_field(const ScheduleSetting& s, const std::vector<WindowSetting>& windows) {
  if (!is_plain_name(s.name)) return WrongField{"name", "cannot be '" + s.name + "'", "use letters, digits, - and _"};
  try {
    calendar::Recurrence::parse(s.when);
  } catch (const Fault& fault) {
    return WrongField{"when", fault.what(), fault.hint()};
  }
  if (!calendar::Zone::find(s.zone)) return WrongField{"zone", "is not known: '" + s.zone + "'", zone_hint(s.zone)};
  if (s.scripts.empty()) return WrongField{"scripts", "names nothing to submit", "name files, folders or globs"};
  for (const std::string& script : s.scripts)
    if (script.empty() || script[0] != '/')
      return WrongField{"scripts", "is not an absolute path: '" + script + "'", "write it from the root, or from ~/"};
  if (!s.output.empty() && s.output[0] != '/')
    return WrongField{"output", "is not an absolute path: '" + s.output + "'", "write it from the root, or from ~/"};
  if (!s.skip.empty()) {
    try {
      parse_reading(s.skip, "skip");
    } catch (const Fault& fault) {
      return WrongField{"skip", fault.what(), fault.hint()};
    }
  }
  try {
    parse_delivery(s.delivery);
  } catch (const Fault& fault) {
    return WrongField{"delivery", fault.what(), fault.hint()};
  }
  if (!s.format.empty() && !is_one_of(s.format, format_names()))
    return WrongField{"format", "cannot be '" + s.format + "'", "use wav, flac, ogg, opus, mp3 or m4b"};
  if (s.speed != 0 && !(s.speed >= 0.5 && s.speed <= 2.0))
    return WrongField{"speed", "must be from 0.5 to 2.0", "1.0 is the voice's own speed"};
  if (s.priority < -100 || s.priority > 100)
    return WrongField{"priority", "must be from -100 to 100", "0 is the usual one"};
  if (!s.window.empty() && s.window != kAlways && !find_window(windows, s.window))
    return WrongField{"window", "there is no window '" + s.window + "'", known_windows(windows, s.window)};
  if (!s.catch_up.empty() && !is_one_of(s.catch_up, kCatchUps))
    return WrongField{"catch_up", "cannot be '" + s.catch_up + "'", "use next-window, once-now or skip"};
  if (s.catch_up == "next-window" && (s.window.empty() || s.window == kAlways))
    return WrongField{"catch_up", "next-window needs a window", "name one with 'window', or use once-now or skip"};
  return std::nullopt;
}

std::vector<ScheduleSetting> read_schedule_list(const YamlFields& f, const std::string& key, const YAML::Node& value,
                                                const std::vector<WindowSetting>& windows) {
  std::vector<ScheduleSetting> schedules;
  std::set<std::string> names;
  if (!value.IsSequence())
    f.refuse(value, "'" + key + "' must be a list of schedules", "begin each schedule with '  - name: ...'");
  for (const YAML::Node& node : value) {
    ScheduleSetting schedule = read_schedule(f.file(), node, windows);
    if (!names.insert(schedule.name).second)
      f.refuse(node, "'name': two schedules are called '" + schedule.name + "'", "rename or remove one of them");
    schedules.push_back(std::move(schedule));
  }
  return schedules;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 40 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

}  // namespace lectern
