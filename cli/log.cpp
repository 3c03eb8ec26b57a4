// lectern log: what happened to a job, with times and reasons.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "config/quantity.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

int show_history(const Context& context, const std::string& job) {
  protocol::History wish;
  wish.job = job;
  const auto history = LocalBroker(context.paths()).connect_or_start().ask<protocol::Events>(wish);
  if (context.json) {
    print_json(protocol::detail::to_json(history));
    return 0;
  }
  std::printf("#%llu  %s\n", static_cast<unsigned long long>(history.job.number), printable(history.job.name).c_str());
  for (const protocol::Event& event : history.events)
    std::printf("%s  %s\n", local_time(event.at_ms).c_str(), printable(event.what).c_str());
  return 0;
}

}  // namespace

void add_log(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("log", "Show what happened to a job, with times and reasons");
  command->group(kJobCommands);
  auto job = std::make_shared<std::string>();
  add_job(*command, *job, "Number, id, or start of an id of at least 4 characters");
  command->callback([&context, &chosen, job] { chosen = [&context, job] { return show_history(context, *job); }; });
}

}  // namespace lectern::cli
