// lectern plan: what will run tonight, by estimate.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/terminal.h"
#include "config/calendar/words.h"
#include "config/quantity.h"

namespace lectern::cli {

std::string plan_text(const protocol::Planned& plan, int width) {
  const calendar::Zone zone = *calendar::Zone::find("");
  auto when = [&](std::int64_t at) { return at == 0 ? "-" : calendar::when_words(zone, at, plan.now_ms); };
  if (plan.runs.empty()) return "nothing to run\n";
  std::string text = fmt::format("Until {}; all times are estimates\n", when(plan.until_ms));
  for (const protocol::OpenWindow& window : plan.windows)
    text += fmt::format("  window {}: {} to {}\n", window.name, when(window.begin_ms), when(window.end_ms));
  for (const protocol::ModelSpeed& speed : plan.speeds)
    text += fmt::format("  {}: {} real time, {}\n", speed.model, times(speed.times_real_time),
                        speed.learned ? "as measured on this machine" : "as the catalogue guesses");
  std::vector<std::vector<std::string>> rows{{"JOB", "NAME", "STARTS", "ENDS", "WORK", ""}};
  for (const protocol::PlannedJob& job : plan.runs) {
    std::string remark;
    if (job.start_ms == 0)
      remark = "does not run by then";
    else if (job.end_ms == 0)
      remark = fmt::format("does not fit: {} % by then", static_cast<int>(job.part_done * 100));
    if (!job.waits.empty()) remark += (job.waits == "paused" ? "; " : ", goes on ") + job.waits;
    if (job.late) remark += (remark.empty() ? "" : "; ") + ("late: wished by " + when(job.by_ms));
    rows.push_back({"#" + std::to_string(job.number), fitted(printable(job.name), 32), when(job.start_ms),
                    when(job.end_ms), about(job.work_s), remark});
  }
  text += fitted_lines(aligned(rows, {true, false, false, false, true, false}), width);
  if (plan.more > 0) text += "... and " + count(plan.more) + " more\n";
  return text;
}

namespace {

int show_plan(const Context& context) {
  const auto plan = LocalBroker(context.paths()).connect_or_start().ask<protocol::Planned>(protocol::Plan{});
  if (context.json)
    print_json(protocol::detail::to_json(plan));
  else
    write_text(STDOUT_FILENO, plan_text(plan, Terminal::of(STDOUT_FILENO).width));
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("plan", "Show what will run tonight: order, estimated start and end, what will not fit");
  command->group(kJobCommands);
  command->callback([&context, &chosen] { chosen = [&context] { return show_plan(context); }; });
}

}  // namespace lectern::cli
