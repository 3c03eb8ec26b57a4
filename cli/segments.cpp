// lectern segments: the sentences of a job, where they are heard, and what is odd about them.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "cli/segment_table.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

int show_segments(const Context& context, const std::string& job, bool flagged) {
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  const auto list = all_segments(connection, job, flagged);
  if (context.json) {
    nlohmann::json json = protocol::detail::to_json(list);
    json.erase("more");
    const auto times = times_in_file(list);
    for (auto& segment : json["segments"])
      if (const auto time = times.find(segment["index"]); time != times.end())
        segment["start_s"] = time->second;
      else
        segment["start_s"] = nullptr;
    print_json(json);
    return 0;
  }
  if (list.segments.empty())
    std::printf("%s\n", flagged ? "no segment is flagged" : "not cut into segments yet");
  else
    write_text(STDOUT_FILENO, segment_table(list, Terminal::of(STDOUT_FILENO).width));
  return 0;
}

}  // namespace

void add_segments(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("segments", "Show the segments of a job: time in the file, text, flags");
  command->group(kJobCommands);
  auto job = std::make_shared<std::string>();
  auto flagged = std::make_shared<bool>(false);
  add_job(*command, *job, "Number, id, or start of an id of at least 4 characters");
  command->add_flag("--flagged", *flagged, "Only those whose takes are odd, or that failed");
  command->callback(
      [&context, &chosen, job, flagged] { chosen = [=, &context] { return show_segments(context, *job, *flagged); }; });
}

}  // namespace lectern::cli
