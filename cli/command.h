// What every command is given, and the list of commands. Each command has a file of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "config/paths.h"
#include "config/settings.h"

namespace CLI {
class App;
}

namespace lectern::cli {

// The options that stand before every command.
struct Context {
  std::optional<std::filesystem::path> home;  // --home DIR
  bool json = false;                          // --json: one JSON value on stdout in place of text for people

  Paths paths() const;
  Settings settings() const;
};

// What main() runs after parsing; the callback of the chosen command sets it. Returns the exit code; may throw Fault.
using Action = std::function<int()>;

// Each command adds its subcommand to `app`; when it is chosen, it stores its action. `context` and `chosen` must
// outlive the app and the action.
void add_model(CLI::App& app, Context& context, Action& chosen);
void add_voice(CLI::App& app, Context& context, Action& chosen);

}  // namespace lectern::cli
