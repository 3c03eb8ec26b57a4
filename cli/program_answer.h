// What a program of ours says when it is asked something and ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lectern::cli {

struct ProgramAnswer {
  int exit = 0;  // -signal when a signal ended it; 127 also: it could not be run
  bool in_time = true;
  std::string out, err;  // at most 1 MB each
};

// Runs it with `environment` added to ours and without standard input, and waits for its end; kills it after
// `patience`. Throws Fault when no process can be made.
ProgramAnswer ask_program(const std::filesystem::path& program, std::vector<std::string> arguments,
                          const std::vector<std::pair<std::string, std::string>>& environment = {},
                          std::chrono::milliseconds patience = std::chrono::seconds(30));

}  // namespace lectern::cli
