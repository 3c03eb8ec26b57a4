#include "config/settings.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "config/fault.h"
#include "config/file.h"
#include "config/strict_yaml.h"

namespace lectern {
namespace {

const std::vector<std::string> kLogLevels = {"trace", "debug", "info", "warn", "error", "off"};
constexpr double kYear = 365 * 86400.0;

// Sets one member from its value, or refuses.
using Reader = std::function<void(Settings&, const YamlFields&, const std::string& key, const YAML::Node&)>;

Reader text(std::string Settings::*member) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.*member = f.text(key, value); };
}
Reader number(double Settings::*member, double low, double high) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.*member = f.number(key, value, low, high); };
}
Reader pause(double Settings::Pauses::*member) {
  return
      [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.pauses.*member = f.number(key, value, 0, 30); };
}
template <typename Whole>
Reader whole(Whole Settings::*member, long long low, long long high) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) {
    s.*member = static_cast<Whole>(f.whole(key, value, low, high));
  };
}
Reader choice(std::string Settings::*member, std::vector<std::string> allowed) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.*member = f.choice(key, value, allowed); };
}

Reader truth(bool Settings::*member) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.*member = f.truth(key, value); };
}

void read_keep_alive(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  const std::string words = f.text(key, value);
  const auto keep = parse_keep_alive(words);
  if (!keep) f.refuse(value, "'keep_alive' cannot be '" + words + "'", std::string("use ") + kKeepAliveForms);
  s.keep_alive = *keep;
}

void read_model(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.model = f.text(key, value);
  if (s.model.empty()) f.refuse(value, "'model' is empty", "name a model; `lectern model list` shows them");
}

void read_device(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.device = f.text(key, value);
  const auto devices = device_list(s.device);
  const bool alone = devices.size() == 1 && devices[0] == "auto";
  const bool fine = std::all_of(devices.begin(), devices.end(), [](const std::string& device) {
    return device == "cpu" || (device.rfind("cuda:", 0) == 0 && device.size() > 5 && device.size() <= 8 &&
                               device.find_first_not_of("0123456789", 5) == std::string::npos);
  });
  if (!alone && !fine)
    f.refuse(value, "'device' cannot be '" + s.device + "'", "use auto, cpu, cuda:N, or several as in cuda:0,cuda:1");
  if (std::set<std::string>(devices.begin(), devices.end()).size() != devices.size())
    f.refuse(value, "'device' names a device twice: '" + s.device + "'", "name each once");
}

Reader folder(std::filesystem::path Settings::*member) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.*member = absolute_folder(f, key, value); };
}

void read_folders(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  if (value.IsNull()) return;
  if (!value.IsSequence())
    f.refuse(value, "'" + key + "' must be a list of folders", "write '- path: ~/Narrate' below it");
  for (const auto& entry : value) {
    s.folders.push_back(parse_folder(entry, f.file(), "an entry of 'folders'"));
    if (const std::string window = unknown_window(s.folders.back(), s.windows); !window.empty())
      f.refuse(entry, "there is no window '" + window + "'", known_windows(s.windows, window));
    for (std::size_t i = 0; i + 1 < s.folders.size(); ++i)
      if (s.folders[i].path == s.folders.back().path)
        f.refuse(entry, "the folder " + s.folders[i].path.string() + " stands twice", "remove one of them");
  }
}

void read_webhook(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.hooks.webhook = f.text(key, value);
  if (!s.hooks.webhook.empty() && !s.hooks.webhook.starts_with("http://") && !s.hooks.webhook.starts_with("https://"))
    f.refuse(value, "'" + key + "' is no address of the web: '" + s.hooks.webhook + "'",
             "begin it with https:// or http://");
}

Reader command(std::string Settings::Hooks::*member) {
  return [=](Settings& s, const YamlFields& f, auto& key, auto& value) { s.hooks.*member = f.text(key, value); };
}

void read_listen(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.listen = f.text(key, value);
  if (!s.listen.empty() && !is_tcp_address(s.listen))
    f.refuse(value, "'listen' cannot be '" + s.listen + "'", "write an address of this machine: tcp://0.0.0.0:5561");
}

void read_windows(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.windows = read_window_list(f, key, value);
}

void read_window(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  const std::string name = f.text(key, value);
  if (!name.empty() && name != kAlways && !find_window(s.windows, name))
    f.refuse(value, "'window' cannot be '" + name + "': there is no window of that name", known_windows(s.windows, name));
  s.window = name == kAlways ? "" : name;
}

void read_schedules(Settings& s, const YamlFields& f, const std::string& key, const YAML::Node& value) {
  s.schedules = read_schedule_list(f, key, value, s.windows);
}

struct Key {
  std::string name;  // "pauses.sentence": key 'sentence' of the mapping 'pauses'
  Reader read;
};

// The form of finished works, behind where they go.
std::vector<Key> with_delivery(std::vector<Key> keys) {
  auto place = std::find_if(keys.begin(), keys.end(), [](const Key& key) { return key.name == "output"; }) + 1;
  for (const DeliveryField& field : delivery_fields()) {
    if (field.one_work) continue;
    const Reader read = [&field](Settings& s, const YamlFields& f, auto&, auto& value) {
      take_delivery_field(f, field, value, s.delivery);
    };
    place = keys.insert(place, {field.key, read}) + 1;
  }
  return keys;
}

// Every key with its type and range; the same order as config.example.yaml.
const std::vector<Key>& table() {
  static const std::vector<Key> keys = with_delivery({
      {"model", read_model},
      {"voice", text(&Settings::voice)},
      {"speed", number(&Settings::speed, 0.5, 2.0)},
      {"format", choice(&Settings::format, format_names())},
      {"output", folder(&Settings::output)},
      {"skip", [](Settings& s, const YamlFields& f, auto& key, auto& value) { s.skip = take_reading(f, key, value); }},
      {"pauses.clause", pause(&Settings::Pauses::clause)},
      {"pauses.sentence", pause(&Settings::Pauses::sentence)},
      {"pauses.paragraph", pause(&Settings::Pauses::paragraph)},
      {"pauses.section", pause(&Settings::Pauses::section)},
      {"pauses.chapter", pause(&Settings::Pauses::chapter)},
      {"device", read_device},
      {"threads", whole(&Settings::threads, 0, 1024)},
      {"precision", choice(&Settings::precision, {"float32", "bfloat16", "float16"})},
      {"keep_alive", read_keep_alive},
      {"preload", truth(&Settings::preload)},
      {"memory_short", choice(&Settings::memory_short, {"wait", "cpu", "fail"})},
      {"memory_reserve_bytes", whole(&Settings::memory_reserve_bytes, 0, 1'000'000'000'000)},
      {"idle_free_bytes", whole(&Settings::idle_free_bytes, 0, 1'000'000'000'000)},
      {"engine_growth_bytes", whole(&Settings::engine_growth_bytes, 0, 1'000'000'000'000)},
      {"engine_timeout_s", number(&Settings::engine_timeout_s, 10, kYear)},
      {"max_attempts", whole(&Settings::max_attempts, 1, 20)},
      {"max_script_bytes", whole(&Settings::max_script_bytes, 1, 200'000'000)},
      {"disk_reserve_bytes", whole(&Settings::disk_reserve_bytes, 0, 1'000'000'000'000)},
      {"takes_max_bytes", whole(&Settings::takes_max_bytes, 0, 100'000'000'000'000)},
      {"takes_max_days", number(&Settings::takes_max_days, 0, 36500)},
      {"max_model_wait_s", number(&Settings::max_model_wait_s, 0, kYear)},
      {"listen", read_listen},
      {"windows", read_windows},
      {"window", read_window},
      {"reports", folder(&Settings::reports)},
      {"inhibit_sleep", truth(&Settings::inhibit_sleep)},
      {"schedules", read_schedules},
      {"folders", read_folders},
      {"hooks.job", command(&Settings::Hooks::job)},
      {"hooks.batch", command(&Settings::Hooks::batch)},
      {"hooks.webhook", read_webhook},
      {"hooks.timeout_s", [](Settings& s, const YamlFields& f, auto& key,
                             auto& value) { s.hooks.timeout_s = f.number(key, value, 0.1, 86400); }},
      {"test_models", truth(&Settings::test_models)},
      {"log_level", choice(&Settings::log_level, kLogLevels)},
  });
  return keys;
}

void apply_environment(Settings& settings) {
  if (const char* value = std::getenv("LECTERN_TEST_MODELS"); value && *value) {
    const std::string word = value;
    if (word != "0" && word != "1")
      throw Fault(Exit::bad_input, "LECTERN_TEST_MODELS cannot be '" + word + "'", "set it to 1 or 0");
    settings.test_models = word == "1";
  }
  if (const char* value = std::getenv("LECTERN_LOG_LEVEL"); value && *value) {
    if (std::find(kLogLevels.begin(), kLogLevels.end(), value) == kLogLevels.end())
      throw Fault(Exit::bad_input, std::string("LECTERN_LOG_LEVEL cannot be '") + value + "'",
                  "use trace, debug, info, warn, error or off");
    settings.log_level = value;
  }
}

}  // namespace

std::vector<std::string> device_list(const std::string& words) {
  std::vector<std::string> devices;
  std::istringstream list(words + ",");
  for (std::string device; std::getline(list, device, ',');) {
    device.erase(0, device.find_first_not_of(' '));
    devices.push_back(device);
  }
  return devices;
}

std::vector<std::string> setting_keys() {
  std::vector<std::string> names;
  for (const Key& key : table()) names.push_back(key.name);
  return names;
}

Settings parse_settings(const std::string& yaml, const std::string& name) {
  Settings settings;
  YamlFields top(parse_yaml(yaml, name), name, "");
  std::map<std::string, YamlFields> groups;  // "pauses" and the like
  for (const Key& key : table()) {
    const auto dot = key.name.find('.');
    const std::string group = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (!group.empty() && !groups.count(group))
      groups.emplace(group, YamlFields(top.find(group), name, "'" + group + "'"));
    YamlFields& fields = group.empty() ? top : groups.at(group);
    const YAML::Node value = fields.find(group.empty() ? key.name : key.name.substr(dot + 1));
    if (value.IsDefined()) key.read(settings, fields, key.name, value);
  }
  top.finish();
  for (const auto& [group, fields] : groups) fields.finish();
  return settings;
}

Settings load_settings(const Paths& paths) {
  const std::filesystem::path file = paths.config_file();
  Settings settings;
  std::error_code error;
  if (std::filesystem::exists(file, error) || error) settings = parse_settings(read_file(file), file.string());
  apply_environment(settings);
  return settings;
}

}  // namespace lectern
