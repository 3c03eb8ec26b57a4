// A schedule: what is submitted again and again, and when. The same for config.yaml, `lectern schedule add` and the
// store.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/window_setting.h"

namespace lectern {

struct ScheduleSetting {
  std::string name;
  std::string when;                                  // calendar::Recurrence
  std::string zone;                                  // IANA name; empty: the machine's own
  std::vector<std::string> scripts;                  // absolute paths of files and folders, and globs
  std::string model, voice, format, output, window;  // empty: as for a submit; output: a folder
  std::string skip;                                  // parts with commas between them; empty: as for a submit
  std::string lexicon;                               // file of pronunciations; relative: to the script's folder
  nlohmann::json delivery = nlohmann::json::object();  // form of the finished work, see delivery.h
  double speed = 0;                                  // 0: as for a submit
  std::int64_t priority = 0;
  bool recursive = false, markdown = false, overwrite = false;
  std::string catch_up;  // next-window, once-now or skip; empty: next-window with a window, else once-now

  template <class V>
  static void fields(V&& v) {
    v("name", &ScheduleSetting::name, "letters, digits, - and _");
    v("when", &ScheduleSetting::when, "a five-field cron expression, or words as in `every weekday 22:00`");
    v("zone", &ScheduleSetting::zone, "IANA name; empty: the machine's own");
    v("scripts", &ScheduleSetting::scripts, "absolute paths of files and folders, and globs");
    v("model", &ScheduleSetting::model, "as in `submit`");
    v("voice", &ScheduleSetting::voice, "as in `submit`");
    v("format", &ScheduleSetting::format, "as in `submit`");
    v("output", &ScheduleSetting::output, "folder for the audio; empty: the setting, else beside each script");
    v("window", &ScheduleSetting::window, "as in `submit`");
    v("speed", &ScheduleSetting::speed, "as in `submit`");
    v("priority", &ScheduleSetting::priority, "as in `submit`");
    v("recursive", &ScheduleSetting::recursive, "look into the folders of folders too");
    v("markdown", &ScheduleSetting::markdown, "every script is Markdown");
    v("overwrite", &ScheduleSetting::overwrite, "as in `submit`");
    v("skip", &ScheduleSetting::skip, "parts that are not read, with commas between them; empty: as in `submit`");
    v("lexicon", &ScheduleSetting::lexicon, "as in `submit`; a relative path counts from each script's folder");
    v("delivery", &ScheduleSetting::delivery, "form of the finished work, as in `submit`");
    v("catch_up", &ScheduleSetting::catch_up,
      "what is done when its time passed unseen: next-window, once-now or skip; empty: next-window when it has a "
      "window, "
      "else once-now");
  }
  bool operator==(const ScheduleSetting&) const = default;
};

// What is wrong with one field, and the mend; nullopt: nothing. Looks at no file.
struct WrongField {
  std::string field, what, hint;
};
std::optional<WrongField> wrong_field(const ScheduleSetting& schedule, const std::vector<WindowSetting>& windows);

// The entries of `schedules:`. Fault(bad_input) names file:line and the field.
std::vector<ScheduleSetting> read_schedule_list(const YamlFields& fields, const std::string& key,
                                                const YAML::Node& value, const std::vector<WindowSetting>& windows);

// Letters, digits, - and _; at most 40.
bool is_plain_name(const std::string& name);

}  // namespace lectern
