// A window as config.yaml describes it.
#pragma once

#include <string>
#include <vector>

#include "config/calendar/window.h"

namespace YAML {
class Node;
}

namespace lectern {

class YamlFields;

// The word for "no window" where a name is asked for.
inline constexpr const char* kAlways = "always";

struct WindowSetting {
  std::string name;
  calendar::Hours hours;
  std::string zone;                    // IANA name; empty: the machine's own
  bool only_on_mains = false;          // closed while the machine runs on battery
  bool only_when_device_free = false;  // closed while another process computes on a worker's device
};

// The entries of `windows:`. Fault(bad_input) names file:line and the field: an unknown zone or key, a time such as
// 25:00, a window that is never open, a name that stands twice.
std::vector<WindowSetting> read_window_list(const YamlFields& fields, const std::string& key, const YAML::Node& value);

// The hint for a zone that is not known.
std::string zone_hint(const std::string& zone);

const WindowSetting* find_window(const std::vector<WindowSetting>& windows, const std::string& name);
// The hint for a name that is not known: the nearest one and all of them.
std::string known_windows(const std::vector<WindowSetting>& windows, const std::string& name);

}  // namespace lectern
