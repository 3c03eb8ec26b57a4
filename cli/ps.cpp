// lectern ps: the workers and what they hold.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

int show_workers(const Context& context) {
  Connection connection = LocalBroker(context.paths()).connect();
  protocol::Status status;
  status.workers_only = true;
  const auto state = connection.ask<protocol::Jobs>(status);
  if (context.json) {
    print_json(protocol::detail::to_json(state)["workers"]);
    return 0;
  }
  const int width = Terminal::of(STDOUT_FILENO).width;
  std::string text = state.workers.empty() ? "" : worker_table(state.workers, width);
  write_text(STDOUT_FILENO, text + worker_line(state, width));
  return 0;
}

}  // namespace

void add_ps(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("ps", "Show workers: device, model, voice, state, until when, memory, segments, speed");
  command->group(kBrokerCommands);
  command->callback([&context, &chosen] { chosen = [&context] { return show_workers(context); }; });
}

}  // namespace lectern::cli
