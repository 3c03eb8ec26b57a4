// Kills a publishing process at every step.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "tests/broker/publish/studio.h"

namespace lectern::publish {

class Crashing : public Studio {
 protected:
  static constexpr int kKilled = 86;

  // The steps of a whole publish into a folder of its own.
  std::vector<std::string> steps_of(PublishRequest request) {
    steps().clear();
    fault_hooks.at_step = [](const char* step) { steps().push_back(step); };
    request.target = root / "elsewhere" / request.target.filename();
    run(request);
    fault_hooks = {};
    return steps();
  }

  // True when the process died there, the `time`th time that it came by; false when it published before.
  bool killed_at(const PublishRequest& request, const std::string& step, int time = 1) {
    const pid_t child = ::fork();
    if (child == 0) {
      die_at() = step;
      times() = time;
      fault_hooks.at_step = [](const char* at) {
        if (at == die_at() && --times() == 0) ::_exit(kKilled);
      };
      try {
        run(request);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == kKilled || WEXITSTATUS(status) == 0)) << status;
    return WEXITSTATUS(status) == kKilled;
  }

  void clear() {
    for (const auto& file : standing()) fs::remove_all(out / file);
  }

 private:
  static std::vector<std::string>& steps() {
    static std::vector<std::string> seen;
    return seen;
  }
  static std::string& die_at() {
    static std::string step;
    return step;
  }
  static int& times() {
    static int count = 0;
    return count;
  }
};

}  // namespace lectern::publish
