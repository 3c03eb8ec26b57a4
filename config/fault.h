// A fault: what went wrong and what mends it, in the form in which a person reads it.
//
// Expected outcomes are values; a Fault is thrown when the environment or the input makes going on impossible. Only
// main(), the handler of one message and the speaking of one segment catch it. It is printed as two lines:
//   error: <what, naming the file, line or field>
//   hint: <the mend>
#pragma once

#include <stdexcept>
#include <string>

namespace lectern {

// Exit codes of all programs; the README holds the same table.
enum class Exit : int {
  done = 0,        // everything asked for was done
  job_failed = 1,  // a job failed
  usage = 2,       // wrong usage
  no_broker = 3,   // no broker could be reached or started
  not_found = 4,   // no such job, voice, model or file
  bad_input = 5,   // input that cannot be used: script, config, model file, message
  no_space = 6,    // not enough disk space or memory
  internal = 70,   // a fault of ours
};

class Fault : public std::runtime_error {
 public:
  Fault(Exit exit, const std::string& what, std::string hint = {})
      : std::runtime_error(what), exit_(exit), hint_(std::move(hint)) {}

  Exit exit() const { return exit_; }
  const std::string& hint() const { return hint_; }

 private:
  Exit exit_;
  std::string hint_;
};

// "error: ...\nhint: ...\n" (the hint line only when there is one).
std::string describe(const Fault& fault);

// A Fault for a failed system call: ENOSPC, EDQUOT and ENOMEM become Exit::no_space, ENOENT Exit::not_found, the rest
// Exit::bad_input. `what` reads like "cannot write /path/file"; the errno text is appended.
Fault system_fault(const std::string& what, int error_number);

// Runs a program's body as main() does: prints a Fault to stderr and returns its exit code; any other exception is
// reported as a fault of ours (70).
int run_main(int (*body)(int, char**), int argc, char** argv);

}  // namespace lectern
