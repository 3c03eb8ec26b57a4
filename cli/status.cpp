// lectern status: how jobs are, once or until they have ended.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/progress_line.h"
#include "cli/progress_view.h"
#include "cli/watch.h"

namespace lectern::cli {
namespace {

constexpr std::uint64_t kShown = 200;  // unfinished jobs in a table, unless all are asked for

struct Options {
  protocol::Selection selection;
  bool follow = false, all = false;
};

bool names_one_job(const protocol::Selection& selection) {
  return selection.jobs.size() == 1 && selection.batch_id.empty() && !selection.all;
}

std::string table_and_workers(const protocol::Jobs& state, const Terminal& terminal, std::size_t rows) {
  const std::string table = state.jobs.empty() ? "no jobs\n" : job_table(state.jobs, terminal.width, rows);
  return table + worker_line(state, terminal.width);
}

int show_once(const Context& context, const Options& options) {
  Connection connection = LocalBroker(context.paths()).connect();
  const std::uint64_t most = options.all || context.json ? 0 : kShown;
  const auto state = connection.ask<protocol::Jobs>(protocol::Status{options.selection, false, most});
  if (context.json) {
    print_json(protocol::detail::to_json(state));
    return 0;
  }
  const Terminal terminal = Terminal::of(STDOUT_FILENO);
  const bool details = names_one_job(options.selection) && state.jobs.size() == 1;
  write_text(STDOUT_FILENO,
             details ? job_details(state.jobs[0], terminal.width) : table_and_workers(state, terminal, SIZE_MAX));
  if (options.selection.all && most > 0 && state.unfinished > most)
    write_text(STDOUT_FILENO, std::to_string(state.unfinished - most) +
                                  " more are unfinished; all of them: lectern status --all\n");
  return 0;
}

// A table that is drawn anew, at most ten times a second.
void follow_on_terminal(Watch& watch) {
  Redrawn redrawn;
  auto draw = [&](const protocol::Jobs& state) {
    Terminal terminal = Terminal::of(STDOUT_FILENO);
    terminal.width -= 1;
    const std::size_t rows = static_cast<std::size_t>(std::max(terminal.height - 5, 1));
    write_text(STDOUT_FILENO, redrawn.replace(table_and_workers(state, terminal, rows)));
  };
  Connection::Clock::time_point last{};
  watch.run([&](const protocol::Jobs& state) {
    const auto now = Connection::Clock::now();
    if (now - last < std::chrono::milliseconds(100)) return;
    last = now;
    draw(state);
  });
  draw(watch.state());
}

void follow_in_lines(Watch& watch, bool json) {
  ProgressView view{Terminal::of(STDOUT_FILENO)};
  watch.run([&](const protocol::Jobs& state) {
    if (!json) write_text(STDOUT_FILENO, view.show(state, Connection::Clock::now()));
  });
  if (json)
    print_json(protocol::detail::to_json(watch.state()));
  else
    write_text(STDOUT_FILENO, view.finish(watch.state()));
}

int follow(const Context& context, Options options) {
  const LocalBroker broker(context.paths());
  const Interrupt interrupt;
  Connection connection = broker.connect(&interrupt);
  if (options.selection.all) {
    options.selection = unfinished_jobs(connection);
    if (options.selection.jobs.empty()) return show_once(context, {protocol::Selection{{}, "", true}, false});
  }
  Watch watch(connection, options.selection);
  try {
    if (!context.json && Terminal::of(STDOUT_FILENO).is_terminal)
      follow_on_terminal(watch);
    else
      follow_in_lines(watch, context.json);
  } catch (const Interrupted&) {
    std::fprintf(stderr, "\nnote: the jobs go on; look again with: lectern status --follow\n");
    return kInterrupted;
  }
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("status", "Show jobs: state, progress, time left; one JOB in full");
  command->group(kJobCommands);
  auto o = std::make_shared<Options>();
  add_jobs(*command, o->selection,
           "Numbers, ids, or starts of ids; default: the first 200 unfinished jobs and the last 20 others");
  add_batch(*command, o->selection);
  command->add_flag("-a,--all", o->all, "All unfinished jobs and the last 20 others");
  command->add_flag("-f,--follow", o->follow, "Stay and show changes until all of them have ended");
  command->callback([&context, &chosen, o] {
    if (o->all || (o->selection.jobs.empty() && o->selection.batch_id.empty())) o->selection.all = true;
    chosen = [&context, o] { return o->follow ? follow(context, *o) : show_once(context, *o); };
  });
}

}  // namespace lectern::cli
