// lectern: the command line. Joins the commands, reads the words, runs the one that was named.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "config/fault.h"
#include "config/spelling.h"

namespace lectern::cli {
namespace {

constexpr const char* kExamples =
    "Jobs are changed by cancel, pause, resume, retry, priority and run-now; each explains itself with --help.\n"
    "Examples:\n"
    "  lectern model pull kokoro-82m           once\n"
    "  lectern submit chapters/ -o audio/      queue forty scripts and go to bed\n"
    "Exit codes: 0 done, 1 a job failed, a file is not whole, or time ran out, 2 wrong usage, 3 no broker, 4 no such\n"
    "job, voice, model or file, 5 bad input, 6 not enough space or memory, 70 a fault of ours, 130 Ctrl-C (jobs go on).";

void add_commands(CLI::App& app, Context& context, Action& chosen) {
  add_submit(app, context, chosen);
  add_status(app, context, chosen);
  add_wait(app, context, chosen);
  add_changes(app, context, chosen);
  add_folder(app, context, chosen);
  add_log(app, context, chosen);
  add_plan(app, context, chosen);
  add_report(app, context, chosen);
  add_schedule(app, context, chosen);
  add_lexicon(app, context, chosen);
  add_segments(app, context, chosen);
  add_verify(app, context, chosen);
  add_redo(app, context, chosen);
  add_play(app, context, chosen);
  add_model(app, context, chosen);
  add_voice(app, context, chosen);
  add_start(app, context, chosen);
  add_stop(app, context, chosen);
  add_ps(app, context, chosen);
  add_upkeep(app, context, chosen);
  add_cleanup(app, context, chosen);
  add_key(app, context, chosen);
  add_doctor(app, context, chosen);
}

// Wrong usage in the form of all our errors. Names the nearest command when one is mistyped.
int refuse_usage(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string place = "lectern", hint;
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    place += " " + command->get_name();
  }
  if (command == &app && argc > 1) {
    std::vector<std::string> names;
    for (const CLI::App* known : app.get_subcommands(nullptr)) names.push_back(known->get_name());
    for (int i = 1; i < argc && hint.empty(); ++i)
      if (argv[i][0] != '-') hint = nearest_word(argv[i], names);
    if (!hint.empty()) hint = "did you mean: lectern " + hint;
  }
  if (hint.empty()) hint = "see: " + place + " --help";
  std::fputs(describe(Fault(Exit::usage, error.what(), hint)).c_str(), stderr);
  return static_cast<int>(Exit::usage);
}

int run(int argc, char** argv) {
  CLI::App app("Turns text files into narrated audio, in bulk and unattended, on your own hardware.", "lectern");
  Context context;
  Action chosen;
  app.fallthrough();
  app.get_formatter()->column_width(28);
  app.set_help_flag("-h,--help", "Print help, also of one command: lectern COMMAND --help");
  app.set_version_flag("--version", std::string("lectern ") + LECTERN_VERSION, "Print the version");
  app.add_option("--home", context.home, "Keep everything in DIR; default: LECTERN_HOME, else the XDG folders")
      ->type_name("DIR");
  app.add_flag("--json", context.json, "Print JSON for programs");
  app.require_subcommand(0, 1);
  add_commands(app, context, chosen);
  for (const char* name : {"model", "voice"}) app.get_subcommand(name)->group(kVoiceCommands);
  app.footer(kExamples);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // help or version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return refuse_usage(app, error, argc, argv);
  }
  if (!chosen) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  try {
    return chosen();
  } catch (const Interrupted&) {
    return kInterrupted;
  }
}

}  // namespace
}  // namespace lectern::cli

int main(int argc, char** argv) { return lectern::run_main(lectern::cli::run, argc, argv); }
