// One run of a user's command.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>

namespace lectern::hooks {

struct CommandEnd {
  bool started = true;     // false: `output` says why not
  bool timed_out = false;  // it and all that it had started were killed
  int exit = 0;            // -signal when a signal ended it
  std::string output;      // the first kOutputKept bytes of what it printed; the rest is read and dropped
};
inline constexpr std::size_t kOutputKept = 4096;

// Runs `command` with /bin/sh in a process group of its own: `facts` on top of this process's environment, `input` on
// its standard input. Blocks until the command itself ends, `limit` has passed, or `stop` turns true; then the whole
// group is killed. What it leaves running in the background after a good end is left alone. Any thread;
// SIGPIPE must be ignored.
CommandEnd run_command(const std::string& command, const std::map<std::string, std::string>& facts,
                       const std::string& input, std::chrono::milliseconds limit, const std::atomic<bool>& stop);

}  // namespace lectern::hooks
