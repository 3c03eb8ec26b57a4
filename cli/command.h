// What every command is given, and the list of commands. Each command has a file of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "broker/protocol/messages.h"
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
void add_submit(CLI::App& app, Context& context, Action& chosen);
void add_status(CLI::App& app, Context& context, Action& chosen);
void add_wait(CLI::App& app, Context& context, Action& chosen);
void add_changes(CLI::App& app, Context& context, Action& chosen);  // cancel, pause, resume, retry, priority
void add_model(CLI::App& app, Context& context, Action& chosen);
void add_voice(CLI::App& app, Context& context, Action& chosen);
void add_start(CLI::App& app, Context& context, Action& chosen);
void add_stop(CLI::App& app, Context& context, Action& chosen);
void add_ps(CLI::App& app, Context& context, Action& chosen);

// The exit code when Ctrl-C ended the command; jobs are not touched by it.
inline constexpr int kInterrupted = 130;

// The groups of commands in the program's help.
inline constexpr const char* kJobCommands = "Jobs";
inline constexpr const char* kVoiceCommands = "Models and voices";
inline constexpr const char* kBrokerCommands = "Broker";

// JOB... of a command: "12", "#12" (the "#" is dropped), a job's id or its start.
void add_jobs(CLI::App& command, protocol::Selection& selection, const std::string& description);
// --batch ID
void add_batch(CLI::App& command, protocol::Selection& selection);

// Indented, to standard output.
void print_json(const nlohmann::json& value);

}  // namespace lectern::cli
