// A whole Lectern of its own: a home, a folder of scripts, the real programs, the test model. Ends everything it
// started when it goes.
#pragma once

#include <sys/types.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace lectern {

class Installation {
 public:
  // `sine_speed`: how many times real time the test model speaks; 0: as fast as it can. `program`: the `lectern` beside
  // which broker and worker stand.
  explicit Installation(double sine_speed = 0, const std::string& config = "",
                        const std::string& program = LECTERN_PROGRAM);
  ~Installation();

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path work() const { return program_.work(); }
  const Program& program() const { return program_; }
  Paths paths() const { return program_.paths(); }
  Ended run(const std::vector<std::string>& words, const std::string& input = {}) const {
    return program_.run(words, input);
  }
  // A script below work(); its path.
  std::filesystem::path script(const std::string& name, const std::string& text) const;

  // `lectern status --all --json`; starts no broker.
  nlohmann::json status() const;
  // The processes that run now; 0: none.
  pid_t broker() const;
  pid_t agent() const;
  pid_t engine() const;
  static bool alive(pid_t process);
  // Until `true`, looking every few milliseconds; false after `seconds`.
  template <class Condition>
  static bool until(Condition&& condition, double seconds = 20) {
    return until_some(seconds, [&] { return static_cast<bool>(condition()); });
  }
  // Ends everything and then says what of the database or the folder of takes breaks a rule; empty: nothing.
  std::string broken() const;
  // Everything dies at once, as in a power cut; `program`s of this home only.
  void kill_all() const;
  // Starts the broker with a database that fails as told (fault_vfs.cpp). It has been started before, so that what fails
  // is its work; it may not live: the fault can meet its start.
  void start_with_database_fault(const std::string& fault) const;

  // Sample count of each audio file below work(), by its name; every one must be readable to its end.
  std::map<std::string, long> audio() const;
  // Files that nobody should ever see: hidden ones below work().
  std::vector<std::string> leftovers() const;

 private:
  static bool until_some(double seconds, const std::function<bool()>& condition);
  pid_t worker_field(const char* field) const;

  TemporaryFolder folder_;
  Program program_;
};

// A variable of the environment for what is started meanwhile.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;

 private:
  const char* name_;
};

// `count` sentences of different text, about `count` * 3 s of speech.
std::string sentences(int count, const std::string& about);

}  // namespace lectern
