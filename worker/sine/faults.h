// Faults on demand, for tests: a trigger in a segment's text makes the sine engine misbehave, when
// LECTERN_SINE_FAULTS=1. LECTERN_SINE_LOAD does the same for loading: fail, hang, crash, or a number of seconds.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "worker/engine.h"

namespace lectern::sine {

// Thread-safe.
class Faults {
 public:
  explicit Faults(bool armed) : armed_(armed) {}

  // Does what LECTERN_SINE_LOAD wants; throws Fault for "fail". The engine speaks on so many lanes.
  void load(int lanes);
  // Does what the text's triggers want before it is spoken: never returns (fault-crash, fault-hang), throws
  // SpeechFailure (fault-fail, fault-flaky on the first try of that text in this process), or throws what ends the
  // engine (fault-throw, fault-no-memory, fault-crowded when there is more than one lane).
  void before(const SpeechRequest& request);
  // Spoils finished speech: fault-silent, fault-nan, fault-wrong-length, [[wrong-rate]], [[empty]].
  void after(const SpeechRequest& request, Speech& speech) const;

 private:
  bool armed_;
  int lanes_ = 1;
  std::mutex lock_;
  std::map<std::string, int> tries_;
};

}  // namespace lectern::sine
