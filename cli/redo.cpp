// lectern redo: segments of a finished job are spoken anew, and its file is published again.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "cli/progress_line.h"
#include "cli/progress_view.h"
#include "cli/submission.h"
#include "cli/terminal.h"
#include "cli/watch.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

struct Options {
  std::string job, text;
  std::vector<std::uint64_t> segments;
  std::int64_t seed = -1;
  bool wait = false;
};

// Until the job has ended.
protocol::Jobs wait_for(const Context& context, Connection& connection, std::uint64_t number) {
  protocol::Selection selection;
  selection.jobs = {std::to_string(number)};
  Watch watch(connection, selection);
  ProgressView view(Terminal::of(STDOUT_FILENO));
  auto show = [&](const std::string& text) {
    if (!context.json) write_text(STDOUT_FILENO, text);
  };
  watch.run([&](const protocol::Jobs& state) { show(view.show(state, Connection::Clock::now())); });
  show(view.finish(watch.state()));
  return watch.state();
}

int redo(const Context& context, const Options& options) {
  const LocalBroker broker(context.paths());
  const Interrupt interrupt;
  Connection connection = broker.connect_or_start(&interrupt);
  protocol::Redo wish;
  wish.redo_id = random_id();
  wish.job = options.job;
  wish.segments = options.segments;
  wish.seed = options.seed;
  wish.text = options.text;
  const auto redone = connection.ask<protocol::Redone>(wish);
  if (context.json && !options.wait) print_json(protocol::detail::to_json(redone));
  if (!context.json) {
    std::printf("#%llu  %s to be spoken  %s\n", static_cast<unsigned long long>(redone.number),
                count(redone.segments, "segment").c_str(), printable(redone.output).c_str());
    if (redone.takes_gone > 0)
      std::printf("%s of them because their takes were removed since\n", count(redone.takes_gone).c_str());
    if (!redone.waits.empty()) std::printf("%s\n", printable(redone.waits).c_str());
    std::fflush(stdout);
  }
  if (!options.wait) return 0;
  const protocol::Jobs ended = wait_for(context, connection, redone.number);
  if (context.json)
    print_json({{"redone", protocol::detail::to_json(redone)}, {"finished", protocol::detail::to_json(ended)["jobs"]}});
  const Totals sum = totals(ended.jobs);
  return static_cast<int>(sum.done < sum.jobs ? Exit::job_failed : Exit::done);
}

}  // namespace

void add_redo(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("redo", "Speak segments of a finished job anew and publish it again");
  command->group(kJobCommands);
  auto o = std::make_shared<Options>();
  add_job(*command, o->job, "Number, id, or start of an id; the job is done or failed");
  command->add_option("--segment", o->segments, "Which, as `lectern segments` numbers them; may be given again")
      ->required()
      ->allow_extra_args(false)
      ->type_name("N");
  command->add_option("--seed", o->seed, "For all randomness in it; default: another one than before")
      ->check(CLI::Range(std::int64_t{0}, INT64_MAX))
      ->type_name("N");
  command->add_option("--text", o->text, "What is spoken instead; for one segment")->type_name("TEXT");
  command->add_flag("-w,--wait", o->wait, "Return when the job has ended; exit code 1 when it failed");
  command->footer(
      "The file that the job published is replaced when it is as it was published; when somebody changed it, the new\n"
      "one gets a numbered name.\n\nExample:\n  lectern redo 12 --segment 17 --text \"He read the third chapter.\"");
  command->callback([&context, &chosen, o] { chosen = [&context, o] { return redo(context, *o); }; });
}

}  // namespace lectern::cli
