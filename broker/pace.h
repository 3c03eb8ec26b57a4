// How fast workers speak, from the takes of the last minute. Pure: the caller tells the time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace lectern {

class Pace {
 public:
  struct Spoken {
    std::int64_t at_ms;             // monotonic: when its take was stored
    double audio_s, computing_s;
    std::string model, worker;
  };
  void add(Spoken spoken);
  void forget_before(std::int64_t now_ms);  // what is older than a minute then

  // Times real time, all workers together, from the first take to the last; 0: not known.
  double overall() const;
  // Times real time while it was speaking: pauses tell nothing; 0: nothing spoken.
  double of_worker(const std::string& worker) const;
  // What the takes of the model that spoke last tell of its speed, looked at every five seconds at the most; nullopt:
  // not now, or too little was spoken.
  std::optional<double> lesson();

 private:
  struct Sum {
    double audio_s = 0, working_s = 0;  // working_s: in which at least one was being spoken
  };
  Sum sum_where(const std::function<bool(const Spoken&)>& wanted) const;

  std::deque<Spoken> spoken_;
  std::int64_t looked_ms_ = 0;
};

}  // namespace lectern
