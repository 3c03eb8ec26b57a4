// Asking whoever sits at the terminal.
#pragma once

#include <string>

namespace lectern::cli {

// Prints the question with "[y/N]" and reads the answer. Throws Fault(usage) when standard input is no terminal: `what`
// says what nobody can be asked about, and the mend is --yes.
bool confirmed(const std::string& question, const std::string& what);

}  // namespace lectern::cli
