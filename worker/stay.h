// When an idle model goes. Pure: monotonic and wall time are passed in.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "config/keep_alive.h"

namespace lectern {

class Stay {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Work that is known to come.
  struct Expected {
    std::string model;
    Time at;
  };

  // A model was loaded in `loading_s`, ahead of expected work or for work that is there.
  void begin(const KeepAlive& keep, double loading_s, bool ahead, std::int64_t wall_ms);
  // Another wish for the model that is loaded.
  void keep(const KeepAlive& keep, std::int64_t wall_ms);
  const KeepAlive& kept() const { return keep_; }
  void arrived() { ahead_ = false; }  // the work that it was loaded ahead of
  std::string describe() const;       // "keep_alive 30s"

  // When a model that is idle since then goes; nullopt: never. Work of its model that comes within the same time again
  // keeps it until it is there, as long as it was not wished to go at once.
  std::optional<Time> until(Time idle_since, const std::string& model, const std::optional<Expected>& expected,
                            Time now, std::int64_t wall_ms) const;

 private:
  std::chrono::duration<double> span() const;

  KeepAlive keep_;
  double loading_s_ = 0;
  bool ahead_ = false;
  std::int64_t until_wall_ms_ = 0;  // of "until HH:MM"
};

}  // namespace lectern
