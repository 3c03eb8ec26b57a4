// lectern prune, backup: keep what is stored in bounds, and safe.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

struct PruneWish {
  double jobs_days = -1, takes_days = -1;
  std::string takes_size;
  bool dry_run = false;
};

int prune(const Context& context, const PruneWish& wish, std::int64_t takes_max_bytes) {
  if (wish.jobs_days < 0 && wish.takes_days < 0 && takes_max_bytes < 0)
    throw Fault(Exit::usage, "nothing to prune is named", "give --jobs DAYS, --takes DAYS or --takes-size SIZE");
  protocol::Prune rules;
  rules.jobs_older_s = wish.jobs_days < 0 ? -1 : wish.jobs_days * 86400;
  rules.takes_older_s = wish.takes_days < 0 ? -1 : wish.takes_days * 86400;
  rules.takes_max_bytes = takes_max_bytes;
  rules.dry_run = wish.dry_run;
  const auto pruned = LocalBroker(context.paths()).connect_or_start().ask<protocol::Pruned>(rules);
  if (context.json)
    print_json(protocol::detail::to_json(pruned));
  else
    std::printf("%s %s and %s, %s\n", wish.dry_run ? "would remove" : "removed", count(pruned.jobs, "job").c_str(),
                count(pruned.takes, "take").c_str(), size_of(pruned.bytes).c_str());
  return 0;
}

int backup(const Context& context, const std::string& file) {
  protocol::Backup wish;
  wish.file = std::filesystem::absolute(file).lexically_normal().string();
  const auto done = LocalBroker(context.paths()).connect_or_start().ask<protocol::BackedUp>(wish);
  if (context.json)
    print_json(protocol::detail::to_json(done));
  else
    std::printf("%s  %s\n", done.file.c_str(), size_of(done.bytes).c_str());
  return 0;
}

}  // namespace

void add_upkeep(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("prune", "Forget old jobs and remove takes that no unfinished job needs");
  command->group(kBrokerCommands);
  auto wish = std::make_shared<PruneWish>();
  auto bytes = std::make_shared<std::int64_t>(-1);
  command->add_option("--jobs", wish->jobs_days, "Jobs that ended more than DAYS ago; their audio stays")
      ->type_name("DAYS")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--takes", wish->takes_days, "Takes made more than DAYS ago")
      ->type_name("DAYS")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--takes-size", *bytes, "The oldest takes beyond SIZE in all: 500MB, 20GB")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(true));
  command->add_flag("-n,--dry-run", wish->dry_run, "Only say what would go");
  command->callback(
      [&context, &chosen, wish, bytes] { chosen = [&context, wish, bytes] { return prune(context, *wish, *bytes); }; });

  CLI::App* copy = app.add_subcommand("backup", "Write a copy of the queue's database while work goes on");
  copy->group(kBrokerCommands);
  auto file = std::make_shared<std::string>();
  copy->add_option("FILE", *file, "Must not exist. To restore: end the broker, put it in place of lectern.sqlite")
      ->required();
  copy->callback([&context, &chosen, file] { chosen = [&context, file] { return backup(context, *file); }; });
}

}  // namespace lectern::cli
