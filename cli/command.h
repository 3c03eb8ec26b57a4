// The commands of `lectern`: each adds its subcommand to the program and, when that is the one on the command line,
// stores what is to be done. Nothing happens before the whole command line has been understood.
//
// An action returns the exit code (config/fault.h) or throws Fault; main() prints it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "broker/protocol/messages.h"
#include "config/paths.h"
#include "config/settings.h"

namespace lectern::cli {

// What every command is given: the options before or after its name that belong to the program.
struct Context {
  std::optional<std::filesystem::path> home;  // --home
  bool json = false;                          // --json: one JSON value on standard output instead of text

  Paths paths() const;
  Settings settings() const;  // read from the disk at every call
};

using Action = std::function<int()>;

void add_submit(CLI::App&, Context&, Action& chosen);
void add_status(CLI::App&, Context&, Action& chosen);
void add_wait(CLI::App&, Context&, Action& chosen);
void add_changes(CLI::App&, Context&, Action& chosen);  // cancel, pause, resume, retry, priority
void add_folder(CLI::App&, Context&, Action& chosen);   // add, list, remove, scan
void add_key(CLI::App&, Context&, Action& chosen);      // show, allow, list, remove
void add_log(CLI::App&, Context&, Action& chosen);
void add_upkeep(CLI::App&, Context&, Action& chosen);  // prune, backup
void add_schedule(CLI::App&, Context&, Action& chosen);  // add, list, remove, run, pause, resume
void add_lexicon(CLI::App&, Context&, Action& chosen);  // add, list, remove, try
void add_segments(CLI::App&, Context&, Action& chosen);
void add_redo(CLI::App&, Context&, Action& chosen);
void add_verify(CLI::App&, Context&, Action& chosen);
void add_play(CLI::App&, Context&, Action& chosen);
void add_report(CLI::App&, Context&, Action& chosen);
void add_plan(CLI::App&, Context&, Action& chosen);
void add_start(CLI::App&, Context&, Action& chosen);
void add_stop(CLI::App&, Context&, Action& chosen);
void add_ps(CLI::App&, Context&, Action& chosen);
void add_model(CLI::App&, Context&, Action& chosen);  // pull, list, verify, remove, load, unload
void add_voice(CLI::App&, Context&, Action& chosen);  // add, list, show, remove, rename, preview, export, import
void add_doctor(CLI::App&, Context&, Action& chosen);
void add_cleanup(CLI::App&, Context&, Action& chosen);

// The exit code when Ctrl-C ended the command; jobs are not touched by it.
inline constexpr int kInterrupted = 130;

// The groups of commands in the program's help, in their order.
inline constexpr const char* kJobCommands = "Jobs";
inline constexpr const char* kVoiceCommands = "Models and voices";
inline constexpr const char* kBrokerCommands = "Broker";

// JOB of a command: "12", "#12", a job's id or its start. The "#" is dropped.
void add_job(CLI::App& command, std::string& job, const std::string& description);
// JOB... of a command: "12", "#12", a job's id or its start. The "#" is dropped.
void add_jobs(CLI::App& command, protocol::Selection& selection, const std::string& description);
// --batch ID
void add_batch(CLI::App& command, protocol::Selection& selection);

// A message as JSON, indented, to standard output.
void print_json(const nlohmann::json& value);

}  // namespace lectern::cli
