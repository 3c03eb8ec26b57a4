// lectern play: a job's finished file, or the take of one segment, through the user's player.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/local_broker.h"
#include "cli/player.h"
#include "cli/terminal.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

// A work in several files: those that its sidecar names, in order.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::ifstream in(folder / "sidecar.json", std::ios::binary);
  const auto sidecar = nlohmann::json::parse(in, nullptr, false);
  std::vector<fs::path> files;
  try {
    for (const auto& file : sidecar.at("files"))
      if (file.at("kind") == "audio") files.push_back(folder / file.at("name").get<std::string>());
  } catch (const nlohmann::json::exception&) {
    throw Fault(Exit::bad_input, (folder / "sidecar.json").string() + " does not name the files of the work",
                "play the files yourself");
  }
  return files;
}

std::vector<fs::path> files_of(const Context& context, const std::string& job, std::optional<std::uint64_t> index) {
  protocol::Segments wish;
  wish.job = job;
  wish.from = index.value_or(0);
  wish.most = 1;
  const auto list = LocalBroker(context.paths()).connect_or_start().ask<protocol::SegmentList>(wish);
  const std::string number = "#" + std::to_string(list.job.number);
  if (!index) {
    if (list.job.state != "done")
      throw Fault(Exit::not_found, number + " is " + list.job.state + ": it has no finished file yet",
                  "play what is spoken: lectern play " + std::to_string(list.job.number) + " --segment 0");
    if (!fs::exists(list.job.output))
      throw Fault(Exit::not_found, "the file of " + number + " is gone: " + list.job.output,
                  "submit its script again: what is spoken already is not spoken again");
    if (fs::is_directory(list.job.output)) return files_in(list.job.output);
    return {list.job.output};
  }
  if (list.segments.empty() || list.segments[0].index != *index)
    throw Fault(Exit::not_found, number + " has no segment " + std::to_string(*index),
                "lectern segments " + std::to_string(list.job.number) + " shows them");
  const std::string take = list.segments[0].take;
  const fs::path file = context.paths().takes() / take.substr(0, 2) / (take + ".flac");
  if (list.segments[0].state != "done" || !fs::exists(file))
    throw Fault(Exit::not_found,
                "segment " + std::to_string(*index) + " of " + number +
                    (list.segments[0].state == "done" ? " has lost its take: " + file.string()
                                                      : " is not spoken: it is " + list.segments[0].state),
                "lectern redo " + std::to_string(list.job.number) + " --segment " + std::to_string(*index) +
                    " speaks it when the job has ended");
  return {file};
}

int play_job(const Context& context, const std::string& job, std::optional<std::uint64_t> index) {
  for (const fs::path& file : files_of(context, job, index)) {
    if (context.json)
      print_json({{"file", file.string()}, {"player", find_player(file)}});
    else
      std::printf("%s\n", printable(file.string()).c_str());
    std::fflush(stdout);
    if (!play(file)) return kInterrupted;
  }
  return 0;
}

}  // namespace

void add_play(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("play", "Play the file of a job, or the take of one segment");
  command->group(kJobCommands);
  auto job = std::make_shared<std::string>();
  auto index = std::make_shared<std::optional<std::uint64_t>>();
  add_job(*command, *job, "Number, id, or start of an id of at least 4 characters");
  command->add_option("--segment", *index, "Only this one, as `lectern segments` numbers it")->type_name("N");
  command->footer("Plays through the first of ffplay, mpv, sox (play), pw-play, paplay and aplay that is installed.");
  command->callback(
      [&context, &chosen, job, index] { chosen = [=, &context] { return play_job(context, *job, *index); }; });
}

}  // namespace lectern::cli
