// lectern cancel, pause, resume, retry, priority, run-now: change the state of jobs.
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

struct Verb {
  const char* action;
  const char* past;
  const char* help;
};

constexpr Verb kVerbs[] = {
    {"cancel", "cancelled", "Give jobs up; takes already spoken are kept for other jobs"},
    {"pause", "paused", "Hold jobs; what is being spoken is finished and kept. With --all everything: jobs that come later too"},
    {"resume", "resumed", "Let held jobs go on; with --all everything"},
    {"retry", "queued again", "Queue failed jobs again; only what is missing is spoken"},
    {"priority", "changed", "Let jobs run earlier or later"},
    {"run-now", "to be run now:", "Let jobs run now: their window, their time and the job before them do not count"},
};

void tell(const protocol::Changed& changed, const Verb& verb) {
  if (changed.numbers.size() > 20) {
    std::printf("%s %s\n", verb.past, count(changed.numbers.size(), "job").c_str());
  } else if (!changed.numbers.empty()) {
    std::printf("%s", verb.past);
    for (const std::uint64_t number : changed.numbers) std::printf(" #%llu", static_cast<unsigned long long>(number));
    std::printf("\n");
  }
  if (changed.everything == "paused")
    std::printf("everything is paused: jobs that come are held too, until `lectern resume --all`\n");
  if (changed.everything == "held") std::printf("everything is paused: held until `lectern resume --all`\n");
  if (changed.everything == "resumed") std::printf("jobs that come are no longer held\n");
}

int change(const Context& context, const protocol::Change& wish, const Verb& verb) {
  const protocol::Selection& selection = wish.selection;
  const bool named = !selection.jobs.empty();
  if (!named && selection.batch_id.empty() && !selection.all)
    throw Fault(Exit::usage, "no jobs named", "name jobs by number, or use --batch ID or --all");
  const LocalBroker broker(context.paths());
  const auto changed = broker.connect_or_start().ask<protocol::Changed>(wish);
  if (context.json)
    print_json(protocol::detail::to_json(changed));
  else
    tell(changed, verb);
  // Of all jobs or a batch, those that the change does not fit are simply left as they are.
  if (!named) {
    if (changed.numbers.empty() && changed.everything.empty() && !context.json)
      std::printf("no job to %s\n", wish.action == "priority" ? "change" : verb.action);
    return 0;
  }
  for (const protocol::Refusal& refusal : changed.refused)
    std::fprintf(stderr, "error: #%llu: %s\n", static_cast<unsigned long long>(refusal.number),
                 printable(refusal.reason).c_str());
  return static_cast<int>(changed.refused.empty() ? Exit::done : Exit::bad_input);
}

}  // namespace

void add_changes(CLI::App& app, Context& context, Action& chosen) {
  for (const Verb& verb : kVerbs) {
    CLI::App* command = app.add_subcommand(verb.action, verb.help);
    command->group("");  // the program's help names them in one line
    auto wish = std::make_shared<protocol::Change>();
    wish->action = verb.action;
    if (wish->action == "priority")
      command->add_option("N", wish->priority, "-100 to 100; higher runs earlier; jobs begin with 0")
          ->required()
          ->check(CLI::Range(-100, 100));
    add_jobs(*command, wish->selection, "Numbers, ids, or starts of ids of at least 4 characters");
    add_batch(*command, wish->selection);
    command->add_flag("-a,--all", wish->selection.all, "Every job that this fits");
    command->callback([&context, &chosen, &verb, wish] {
      chosen = [&context, &verb, wish] { return change(context, *wish, verb); };
    });
  }
}

}  // namespace lectern::cli
