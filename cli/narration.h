// One text spoken now, as `lectern submit --wait` does it.
#pragma once

#include <string>

#include "cli/command.h"

namespace lectern::cli {

struct Narration {
  std::string script;  // path of a text file
  std::string name, model, voice;
  std::string output;  // file
};

// Submits it, waits for its end and shows both. Returns the exit code.
int narrate(const Context& context, const Narration& narration);

}  // namespace lectern::cli
