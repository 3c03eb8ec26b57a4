#include "worker/sine/faults.h"

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <thread>

#include "config/fault.h"

namespace lectern::sine {
namespace {

[[noreturn]] void hang() {
  while (true) pause();
}

struct Misbehaviour {
  const char* trigger;
  void (*act)(int tries);  // how often this text was asked for in this process, from 1
};

const Misbehaviour kBefore[] = {
    {"fault-crash", [](int) { std::abort(); }},
    {"fault-hang", [](int) { hang(); }},
    {"fault-fail",
     [](int) {
       throw SpeechFailure{false, "the text asks for a failure"};
     }},
    {"fault-flaky",
     [](int tries) {
       if (tries == 1) throw SpeechFailure{true, "the first try fails"};
     }},
    {"fault-throw", [](int) { throw Fault(Exit::internal, "the text asks for the engine's end"); }},
    {"fault-no-memory", [](int) { throw std::bad_alloc(); }},
};

struct Damage {
  const char* trigger;
  void (*spoil)(Speech&);
};

const Damage kAfter[] = {
    {"fault-silent", [](Speech& s) { std::fill(s.samples.begin(), s.samples.end(), 0.0f); }},
    {"fault-nan", [](Speech& s) { s.samples[s.samples.size() / 2] = std::numeric_limits<float>::quiet_NaN(); }},
    {"fault-wrong-length", [](Speech& s) { s.samples.resize(s.samples.size() / 4); }},
    {"[[wrong-rate]]", [](Speech& s) { s.sample_rate_hz /= 2; }},
    {"[[empty]]", [](Speech& s) { s.samples.clear(); }},
};

bool holds(const std::string& text, const char* trigger) { return text.find(trigger) != std::string::npos; }

}  // namespace

void Faults::load(int lanes) {
  lanes_ = lanes;
  const char* wish = std::getenv("LECTERN_SINE_LOAD");
  if (!armed_ || !wish || !*wish) return;
  const std::string word = wish;
  if (word == "crash") std::abort();
  if (word == "hang") hang();
  if (word == "fail") throw Fault(Exit::bad_input, "LECTERN_SINE_LOAD asks for a failure", "unset LECTERN_SINE_LOAD");
  std::this_thread::sleep_for(std::chrono::duration<double>(std::strtod(wish, nullptr)));
}

void Faults::before(const SpeechRequest& request) {
  if (!armed_) return;
  if (lanes_ > 1 && holds(request.text, "fault-crowded")) throw std::bad_alloc();
  for (const Misbehaviour& fault : kBefore) {
    if (!holds(request.text, fault.trigger)) continue;
    int tries;
    {
      std::lock_guard guard(lock_);
      tries = ++tries_[request.text];
    }
    fault.act(tries);
  }
}

void Faults::after(const SpeechRequest& request, Speech& speech) const {
  if (!armed_) return;
  for (const Damage& damage : kAfter)
    if (holds(request.text, damage.trigger)) damage.spoil(speech);
}

}  // namespace lectern::sine
