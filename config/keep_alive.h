// How long a model stays loaded after its last segment: "auto", "90", "30s", "5m", "2h", "0", "forever", "until 06:00".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lectern {

struct KeepAlive {
  enum class Kind {
    automatic,  // the larger of 30 s and twice the measured load time
    duration,   // `seconds`; 0: unload at once
    forever,
    until,  // the next time that the local clock shows `minute` of the day
  };
  Kind kind = Kind::automatic;
  double seconds = 0;
  int minute = 0;  // 0 to 1439

  bool operator==(const KeepAlive&) const = default;
};

inline constexpr const char* kKeepAliveForms = "auto, a duration (0, 90, 30s, 5m, 2h), forever, or until HH:MM";

// nullopt: none of the forms.
std::optional<KeepAlive> parse_keep_alive(const std::string& words);
std::string describe(const KeepAlive& keep);

// The first time after `wall_ms` (since 1970) at which the local clock shows that minute of the day. In the night in
// which that minute is left out, the first one after the gap.
std::int64_t next_local_minute(int minute, std::int64_t wall_ms);

}  // namespace lectern
