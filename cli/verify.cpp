// lectern verify: whether what jobs published is still whole, and which of their takes are odd.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/job_table.h"
#include "cli/local_broker.h"
#include "cli/terminal.h"
#include "config/quantity.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

protocol::Verify wish_of(const std::string& word) {
  protocol::Verify wish;
  std::error_code error;
  const bool number = !word.empty() && word.find_first_not_of("0123456789#") == std::string::npos;
  if (!number && (word.find('/') != std::string::npos || fs::exists(word, error)))
    wish.file = fs::absolute(word).lexically_normal().string();
  else
    wish.job = word.size() > 1 && word[0] == '#' ? word.substr(1) : word;
  return wish;
}

std::string text_of(const protocol::Verified& verified, int width) {
  std::string text = verified.number > 0 ? fmt::format("#{} {}  ", verified.number, printable(verified.name)) : "";
  text += printable(verified.audio.empty() ? verified.sidecar : verified.audio) + "\n";
  std::vector<std::vector<std::string>> rows;
  for (const protocol::Check& check : verified.checks)
    rows.push_back({"  " + std::string(check.passed ? "ok" : "wrong"), check.name, printable(check.detail)});
  text += aligned(rows, {});
  rows.clear();
  for (const protocol::FlaggedSegment& segment : verified.flagged) {
    std::string flags;
    for (const std::string& flag : segment.flags) flags += (flags.empty() ? "" : ", ") + flag;
    rows.push_back({"  flagged", "segment " + std::to_string(segment.index), clock_time(segment.start_s),
                    printable(flags), printable(segment.text)});
  }
  return text + fitted_lines(aligned(rows, {false, false, true}), width);
}

int verify(const Context& context, const std::vector<std::string>& words) {
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  nlohmann::json list = nlohmann::json::array();
  bool whole = true;
  for (const std::string& word : words) {
    const auto verified = connection.ask<protocol::Verified>(wish_of(word));
    whole = whole && verified.whole;
    if (context.json)
      list.push_back(protocol::detail::to_json(verified));
    else
      write_text(STDOUT_FILENO, text_of(verified, Terminal::of(STDOUT_FILENO).width));
  }
  if (context.json) print_json({{"verified", list}});
  return static_cast<int>(whole ? Exit::done : Exit::job_failed);
}

}  // namespace

void add_verify(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("verify", "Check that finished files are whole; show takes that are odd");
  command->group(kJobCommands);
  auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("JOB|FILE", *words, "Jobs that are done; audio files or their .json, of forgotten jobs too")
      ->required();
  command->footer(
      "Reads the audio and its sidecar: SHA-256 and seal, length and level, every character and word of the script, "
      "and\n"
      "whether the takes are there. Exit code 1 when something is wrong.");
  command->callback([&context, &chosen, words] { chosen = [&context, words] { return verify(context, *words); }; });
}

}  // namespace lectern::cli
