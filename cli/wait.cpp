// lectern wait: returns when jobs have ended.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "cli/progress_line.h"
#include "cli/progress_view.h"
#include "config/quantity.h"
#include "cli/watch.h"

namespace lectern::cli {
namespace {

struct Options {
  protocol::Selection selection;
  double timeout_s = 0;
};

int wait_for(const Context& context, Options options) {
  const LocalBroker broker(context.paths());
  broker.ensure_running();
  const Interrupt interrupt;
  Connection connection = broker.connect_or_start(&interrupt);
  if (options.selection.jobs.empty() && options.selection.batch_id.empty()) {
    options.selection = unfinished_jobs(connection);
    if (options.selection.jobs.empty()) {
      if (context.json)
        print_json({{"jobs", nlohmann::json::array()}});
      else
        std::printf("no unfinished jobs\n");
      return 0;
    }
  }
  Watch watch(connection, options.selection);
  ProgressView view{Terminal::of(STDOUT_FILENO)};
  auto show = [&](const std::string& text) {
    if (!context.json) write_text(STDOUT_FILENO, text);
  };
  std::optional<Connection::Clock::time_point> until;
  if (options.timeout_s > 0)
    until = Connection::Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
  bool ended = false;
  try {
    ended = watch.run([&](const protocol::Jobs& state) { show(view.show(state, Connection::Clock::now())); }, until);
  } catch (const Interrupted&) {
    std::fprintf(stderr, "\nnote: the jobs go on; look at them with: lectern status\n");
    return kInterrupted;
  }
  show(view.finish(watch.state()));
  if (context.json) print_json(protocol::detail::to_json(watch.state()));
  if (!ended)
    throw Fault(Exit::job_failed, "not all jobs have ended after " + about(options.timeout_s),
                "they go on; wait again");
  const Totals sum = totals(watch.state().jobs);
  return static_cast<int>(sum.done < sum.jobs ? Exit::job_failed : Exit::done);
}

}  // namespace

void add_wait(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("wait", "Return when jobs have ended: 0 all done, 1 some failed or cancelled");
  command->group(kJobCommands);
  auto o = std::make_shared<Options>();
  add_jobs(*command, o->selection, "Numbers, ids, or starts of ids; default: all that are unfinished now");
  add_batch(*command, o->selection);
  command->add_option("--timeout", o->timeout_s, "Give up after so many seconds, with exit code 1; default: never")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  command->callback([&context, &chosen, o] { chosen = [&context, o] { return wait_for(context, *o); }; });
}

}  // namespace lectern::cli
