#include "cli/question.h"

#include <unistd.h>

#include <iostream>

#include "config/fault.h"

namespace lectern::cli {

bool confirmed(const std::string& question, const std::string& what) {
  if (isatty(STDIN_FILENO) != 1) throw Fault(Exit::usage, "nobody can be asked whether to " + what, "say --yes");
  std::cout << question << " [y/N] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

}  // namespace lectern::cli
