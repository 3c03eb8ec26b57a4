// `lectern` as a real process in a home and working folder of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/paths.h"
#include "tests/cli/temporary_folder.h"

namespace lectern {

struct Ended {
  int exit = -1;  // -signal when a signal ended it
  std::string out, err;
};

class Program {
 public:
  // `program`: which executable; default: the one that was built.
  explicit Program(const std::filesystem::path& folder, std::string program = LECTERN_PROGRAM)
      : folder_(folder), program_(std::move(program)) {}

  // Runs it with --home FOLDER/home in FOLDER/work and waits for its end. `input`: its standard input.
  Ended run(const std::vector<std::string>& words, const std::string& input = {}) const;

  // The two halves of run().
  pid_t start(const std::vector<std::string>& words, const std::string& input = {}) const;
  Ended end(pid_t process) const;

  Paths paths() const { return Paths::locate(folder_ / "home"); }
  std::filesystem::path work() const { return folder_ / "work"; }

 private:
  std::filesystem::path folder_;
  std::string program_;
};

}  // namespace lectern
