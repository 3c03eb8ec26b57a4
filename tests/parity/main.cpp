// parity MODEL ...: runs the real code of a model on recorded inputs and compares every stage with the recorded result.
#include <fmt/core.h>

#include <cstring>

#include "config/fault.h"
#include "tests/parity/golden.h"

namespace {

struct Subcommand {
  const char* name;
  int (*run)(int argc, char** argv);
};
constexpr Subcommand kSubcommands[] = {{"kokoro", lectern::parity::kokoro},
                                       {"chatterbox", lectern::parity::chatterbox}};

int run(int argc, char** argv) {
  for (const Subcommand& subcommand : kSubcommands) {
    if (argc > 1 && std::strcmp(argv[1], subcommand.name) == 0) return subcommand.run(argc - 1, argv + 1);
  }
  std::string names;
  for (const Subcommand& subcommand : kSubcommands) names += std::string(" ") + subcommand.name;
  throw lectern::Fault(lectern::Exit::usage, "usage: parity MODEL ...", "models:" + names);
}

}  // namespace

int main(int argc, char** argv) { return lectern::run_main(run, argc, argv); }
