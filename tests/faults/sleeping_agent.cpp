// For tests that play the worker themselves: LECTERN_AGENT_SLEEPS makes the agent that the broker starts do nothing.
#include <unistd.h>

#include <cstdlib>

namespace {
const bool slept = [] {
  while (std::getenv("LECTERN_AGENT_SLEEPS")) pause();
  return true;
}();
}  // namespace
