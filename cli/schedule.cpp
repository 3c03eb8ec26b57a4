// lectern schedule: scripts that are submitted again and again.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/delivery_options.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/output_names.h"
#include "cli/terminal.h"
#include "config/paths.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  const std::string expanded = expand_home(path);
  return fs::absolute(expanded).lexically_normal().string();
}

std::string table(const std::vector<protocol::ScheduleView>& schedules, int width) {
  if (schedules.empty()) return "no schedules\n";
  std::vector<std::vector<std::string>> rows{{"NAME", "WHEN", "NEXT", "WINDOW", "LAST", ""}};
  for (const protocol::ScheduleView& s : schedules)
    rows.push_back({s.setting.name, s.setting.when + (s.setting.zone.empty() ? "" : " " + s.setting.zone),
                    s.paused ? "paused" : local_time(s.next_ms).substr(0, 16), s.setting.window,
                    local_time(s.result_ms).substr(0, 16), printable(s.result)});
  return fitted_lines(aligned(rows, {}), width);
}

int send(const Context& context, const protocol::Schedule& wish) {
  const auto answer = LocalBroker(context.paths()).connect_or_start().ask<protocol::Schedules>(wish);
  if (context.json) {
    print_json(protocol::detail::to_json(answer)["schedules"]);
    return 0;
  }
  const int width = Terminal::of(STDOUT_FILENO).width;
  const std::string& name = wish.action == "add" ? wish.setting.name : wish.name;
  if (wish.action == "list") {
    write_text(STDOUT_FILENO, table(answer.schedules, width));
    return 0;
  }
  for (const protocol::ScheduleView& s : answer.schedules) {
    if (s.setting.name != name) continue;
    if (wish.action == "run")
      write_text(STDOUT_FILENO, fmt::format("{}: {}\n", name, printable(s.result)));
    else
      write_text(STDOUT_FILENO,
                 fmt::format("{}: {}\n", name, s.paused ? "paused" : "next run " + local_time(s.next_ms)));
  }
  if (wish.action == "remove") write_text(STDOUT_FILENO, name + ": removed\n");
  return 0;
}

void add_setting_options(CLI::App& command, ScheduleSetting& s, Delivery& delivery) {
  command.add_option("NAME", s.name, "Letters, digits, - and _")->required();
  command.add_option("SCRIPT", s.scripts, "Files, folders, globs in quotes: looked for at every run")->required();
  command.add_option("--when", s.when, "'every weekday 22:00', 'every hour', or a cron expression: '0 22 * * 1-5'")
      ->required()
      ->type_name("TIMES");
  command.add_option("--zone", s.zone, "IANA name of the clock's zone; default: this machine's")->type_name("ZONE");
  command
      .add_option("--catch-up", s.catch_up,
                  "When its time passed unseen: next-window (default with a window), once-now (default without), skip")
      ->type_name("POLICY");
  command.add_option("--window", s.window, "As for submit")->type_name("NAME");
  command.add_option("--voice", s.voice, "As for submit")->type_name("NAME");
  command.add_option("--model", s.model, "As for submit")->type_name("NAME");
  command.add_option("--speed", s.speed, "As for submit")->check(CLI::Range(0.5, 2.0))->type_name("FACTOR");
  command.add_option("--format", s.format, "As for submit")->check(CLI::IsMember(audio_formats()))->type_name("FORMAT");
  command.add_option("-o,--output", s.output, "Folder for the audio; default: the setting, else beside each script")
      ->type_name("DIR");
  command.add_option("--priority", s.priority, "As for submit")->check(CLI::Range(-100, 100))->type_name("N");
  command.add_flag("--markdown", s.markdown, "Read every script as Markdown");
  command.add_flag("-r,--recursive", s.recursive, "Look into the folders of folders too");
  command.add_option("--skip", s.skip, "As for submit")->type_name("PARTS");
  command.add_option("--lexicon", s.lexicon, "As for submit")->type_name("FILE");
  command.add_flag("--overwrite", s.overwrite, "Replace existing audio");
  add_delivery_options(command, delivery);
}

}  // namespace

void add_schedule(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("schedule", "Submit scripts again and again: every weekday 22:00");
  command->group(kJobCommands);
  command->require_subcommand(1);
  command->footer(
      "What was narrated before with the same settings is skipped. Schedules of config.yaml are listed too.\n"
      "Examples:\n"
      "  lectern schedule add news ~/news --when 'every weekday 22:00' --window night\n"
      "  lectern schedule run news");
  const auto delivery = std::make_shared<Delivery>();
  auto verb = [&](const char* action, const char* help) {
    CLI::App* sub = command->add_subcommand(action, help);
    auto wish = std::make_shared<protocol::Schedule>();
    wish->action = action;
    sub->callback([&context, &chosen, wish, delivery] {
      chosen = [&context, wish, delivery] {
        for (std::string& script : wish->setting.scripts) script = absolute(script);
        wish->setting.output = absolute(wish->setting.output);
        wish->setting.lexicon = absolute(wish->setting.lexicon);
        wish->setting.delivery = said_delivery(*delivery);
        return send(context, *wish);
      };
    });
    return std::pair{sub, wish};
  };
  const auto [add, added] = verb("add", "Add a schedule");
  add_setting_options(*add, added->setting, *delivery);
  verb("list", "Show schedules: when they run next, and what came of their last run");
  for (const auto& [action, help] : {std::pair{"remove", "Remove a schedule; its jobs stay"},
                                     {"run", "Submit now what a schedule submits"},
                                     {"pause", "Let a schedule stand still"},
                                     {"resume", "Let it go on; what passed meanwhile is not caught up"}}) {
    const auto [sub, wish] = verb(action, help);
    sub->add_option("NAME", wish->name, "Of the schedule")->required();
  }
}

}  // namespace lectern::cli
