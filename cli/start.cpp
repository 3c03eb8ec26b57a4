// lectern start: a broker for this home, unless one runs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"

namespace lectern::cli {
namespace {

int start(const Context& context, bool foreground) {
  const LocalBroker broker(context.paths());
  const bool ran = broker.running();
  if (foreground) {
    if (ran) throw Fault(Exit::no_broker, "a broker is running already", "end it first: lectern stop");
    broker.become();
  }
  Connection connection = broker.connect_or_start();
  const auto welcome = connection.ask<protocol::Welcome>(protocol::Hello{});
  if (context.json)
    print_json(protocol::detail::to_json(welcome));
  else
    std::printf("the broker %s (process %lld, version %s), data in %s\n", ran ? "runs already" : "has started",
                static_cast<long long>(welcome.pid), welcome.version.c_str(), welcome.data_folder.c_str());
  return 0;
}

}  // namespace

void add_start(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("start", "Start the broker; commands that need one do so by themselves");
  command->group(kBrokerCommands);
  auto foreground = std::make_shared<bool>(false);
  command->add_flag("--foreground", *foreground, "Run it here, its log on standard error, until Ctrl-C");
  command->callback(
      [&context, &chosen, foreground] { chosen = [&context, foreground] { return start(context, *foreground); }; });
}

}  // namespace lectern::cli
