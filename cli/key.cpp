// lectern key: the keys by which machines know each other: show, allow, list, remove.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/allowed_keys.h"
#include "broker/protocol/curve.h"
#include "cli/command.h"

namespace lectern::cli {
namespace {

int show(const Context& context) {
  const Paths paths = context.paths();
  const std::string broker = protocol::own_keys(paths.broker_key()).public_key;
  const std::string worker = protocol::own_keys(paths.worker_key()).public_key;
  if (context.json)
    print_json({{"broker", broker}, {"worker", worker}});
  else
    std::printf("broker  %s\nworker  %s\n", broker.c_str(), worker.c_str());
  return 0;
}

int allow(const Context& context, const protocol::AllowedKey& key) {
  protocol::allow_key(context.paths().allowed_keys(), key);
  if (!context.json) std::printf("%s may work for the broker of this machine\n", key.name.c_str());
  if (!context.json && context.settings().listen.empty())
    std::printf("note: config.yaml has no `listen`; without it nobody can come\n");
  return 0;
}

int list(const Context& context) {
  const auto keys = protocol::read_allowed_keys(context.paths().allowed_keys());
  nlohmann::json all = nlohmann::json::array();
  for (const auto& key : keys) {
    all.push_back({{"name", key.name}, {"key", key.key}});
    if (!context.json) std::printf("%s  %s\n", key.key.c_str(), key.name.c_str());
  }
  if (context.json)
    print_json(all);
  else if (keys.empty())
    std::printf("no worker of another machine is allowed; allow one: lectern key allow NAME KEY\n");
  return 0;
}

int remove(const Context& context, const std::string& name) {
  protocol::forget_key(context.paths().allowed_keys(), name);
  if (!context.json)
    std::printf("%s is let in no more; if it is connected now, this holds from the broker's next start\n",
                name.c_str());
  return 0;
}

}  // namespace

void add_key(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* key = app.add_subcommand("key", "Let workers of other machines in: keys by which machines know each other");
  key->group(kBrokerCommands);
  key->require_subcommand(0, 1);
  key->footer(
      "On the machine with the card:    lectern key                       (its worker key)\n"
      "On the broker's machine:         lectern key allow gpu1 'KEY'      and `listen: tcp://0.0.0.0:5561` in "
      "config.yaml\n"
      "                                 lectern key                       (its broker key)\n"
      "On the machine with the card:    lectern-worker --join tcp://HOST:5561 --broker-key 'KEY'");
  key->callback([key, &context, &chosen] {
    if (key->get_subcommands().empty()) chosen = [&context] { return show(context); };
  });
  auto wished = std::make_shared<protocol::AllowedKey>();
  CLI::App* command = key->add_subcommand("allow", "Let a worker in that has this key; holds at once");
  command->add_option("NAME", wished->name, "What to call it")->required();
  command->add_option("KEY", wished->key, "Its worker key; `lectern key` there shows it. Quote it")->required();
  command->callback([=, &context, &chosen] { chosen = [=, &context] { return allow(context, *wished); }; });
  command = key->add_subcommand("list", "Show who is let in");
  command->callback([&context, &chosen] { chosen = [&context] { return list(context); }; });
  command = key->add_subcommand("remove", "Let a worker in no more");
  command->add_option("NAME", wished->name, "Which")->required();
  command->callback([=, &context, &chosen] { chosen = [=, &context] { return remove(context, wished->name); }; });
}

}  // namespace lectern::cli
