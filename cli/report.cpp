// lectern report: what was narrated since a time.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/terminal.h"
#include "config/calendar/words.h"
#include "config/file.h"
#include "config/quantity.h"

namespace lectern::cli {

std::string report_text(const protocol::Reported& r, int width) {
  std::string text =
      fmt::format("{} to {}\n", local_time(r.from_ms).substr(0, 16), local_time(r.until_ms).substr(0, 16));
  text += fmt::format("{} done, {} failed, {} cancelled, {} carried over; {} of audio", count(r.done), count(r.failed),
                      count(r.cancelled), count(r.carried_over), clock_time(r.audio_s));
  if (r.speed > 0) text += fmt::format(", spoken at {} real time", times(r.speed));
  if (r.energy_j > 0) text += fmt::format(", {:.2f} kWh", r.energy_j / 3.6e6);
  text += "\n";
  if (!r.jobs.empty()) text += job_table(r.jobs, width);
  for (const protocol::JobView& job : r.jobs)
    for (const protocol::FailedSegment& failure : job.failures) {
      text += fmt::format("#{} segment {}: {}\n", job.number, failure.index, printable(failure.reason));
      text += fmt::format("    {}\n", fitted(fmt::format("\"{}\"", printable(failure.text)), width - 4));
    }
  for (const protocol::JobView& job : r.jobs)
    if (job.segments_flagged > 0)
      text += fmt::format("#{}: {} flagged: lectern segments {} --flagged\n", job.number,
                          count(job.segments_flagged, "segment"), job.number);
  if (r.more > 0) text += "... and " + count(r.more) + " more\n";
  return text;
}

namespace {

struct Options {
  std::string since = "12h", format = "text", output;
};

// "12h" ago, or a time that has passed: the last 22:00, a date.
std::int64_t since(const std::string& words) {
  const calendar::Zone zone = *calendar::Zone::find("");
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  if (const auto span = calendar::instant_in("+" + words, zone, now)) return now - (*span - now);
  auto at = calendar::instant_in(words, zone, now);
  if (at && *at > now) {  // a time of day: the last one
    at = calendar::instant_in(words, zone, now - 8 * 86'400'000LL);
    for (auto next = at; next && *next <= now; next = calendar::instant_in(words, zone, *next)) {
      if (*next < *at) break;
      at = next;
      if (calendar::instant_in(words, zone, *at) == at) break;
    }
  }
  if (!at || *at > now)
    throw Fault(Exit::usage, "--since: '" + words + "' is not understood as a time that has passed",
                "write 12h, 22:00, 'mon 22:00' or '2026-11-23 22:00'");
  return *at;
}

int show_report(const Context& context, const Options& options) {
  protocol::Report wish;
  wish.since_ms = since(options.since);
  const bool html = options.format == "html";
  const std::filesystem::path file = options.output.empty() ? "" : std::filesystem::absolute(options.output);
  if (html) wish.page_folder = (file.empty() ? std::filesystem::current_path() : file.parent_path()).string();
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  const std::uint64_t number = connection.post(wish);
  protocol::Message answer = *connection.next(std::nullopt);
  while (answer.request != number) answer = *connection.next(std::nullopt);
  const auto report = Connection::expect<protocol::Reported>(answer);
  std::string text;
  if (html)
    text = answer.payload.at(0);
  else if (context.json || options.format == "json")
    text = protocol::detail::to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  else
    text = report_text(report, file.empty() ? Terminal::of(STDOUT_FILENO).width : 120);
  if (file.empty()) {
    write_text(STDOUT_FILENO, text);
    return 0;
  }
  write_file(file, text);
  std::printf("%s\n", file.c_str());
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("report", "Show what was narrated: done, failed and why, carried over, hours");
  command->group(kJobCommands);
  auto o = std::make_shared<Options>();
  command->add_option("--since", o->since, "12h, 22:00, 'mon 22:00' or '2026-11-23 22:00'; default: 12h")
      ->type_name("TIME");
  command->add_option("--format", o->format, "text, json, or html: one page with a player for each file")
      ->check(CLI::IsMember({"text", "json", "html"}))
      ->type_name("FORMAT");
  command->add_option("-o,--output", o->output, "File to write; default: standard output")->type_name("FILE");
  command->footer("Example:\n  lectern report --since 22:00 --format html -o night.html");
  command->callback([&context, &chosen, o] { chosen = [&context, o] { return show_report(context, *o); }; });
}

}  // namespace lectern::cli
