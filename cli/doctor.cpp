// lectern doctor: what is there, what is missing, and what mends it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/checkup/checkup.h"
#include "cli/command.h"
#include "config/quantity.h"
#include "cli/terminal.h"
#include "config/fault.h"

namespace lectern::cli {
namespace {

constexpr int kLevelColumns = 9, kCheckColumns = 11;
constexpr const char* kLevels[] = {"ok", "warning", "error"};

const char* name_of(Level level) { return kLevels[static_cast<int>(level)]; }

std::string text_of(const Finding& finding, int width) {
  constexpr int kIndent = kLevelColumns + kCheckColumns;
  const std::string found = printable(finding.code.empty() ? finding.found : finding.code + ": " + finding.found);
  std::string text = padded(name_of(finding.level), kLevelColumns) + padded(finding.check, kCheckColumns) +
                     wrapped(found, width, kIndent) + "\n";
  if (!finding.mend.empty())
    text += std::string(kIndent, ' ') + wrapped("mend: " + printable(finding.mend), width, kIndent) + "\n";
  return text;
}

nlohmann::json json_of(const Finding& finding) {
  const auto or_null = [](const std::string& text) { return text.empty() ? nlohmann::json() : nlohmann::json(text); };
  return {{"level", name_of(finding.level)},
          {"check", finding.check},
          {"code", or_null(finding.code)},
          {"found", finding.found},
          {"mend", or_null(finding.mend)}};
}

int doctor(const Context& context, bool full) {
  Checkup checkup(context.paths(), full);
  const std::vector<Finding>& findings = checkup.run();
  const auto number = [&](Level level) {
    return static_cast<std::uint64_t>(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.level == level; }));
  };
  const std::uint64_t errors = number(Level::error), warnings = number(Level::warning);
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) list.push_back(json_of(finding));
    print_json({{"errors", errors}, {"warnings", warnings}, {"checks", list}});
  } else {
    const int width = Terminal::of(STDOUT_FILENO).width;
    std::string text;
    for (const Finding& finding : findings) text += text_of(finding, width);
    text +=
        errors + warnings == 0 ? "all is well\n" : count(errors, "error") + ", " + count(warnings, "warning") + "\n";
    write_text(STDOUT_FILENO, text);
  }
  return static_cast<int>(errors > 0 ? Exit::job_failed : Exit::done);
}

}  // namespace

void add_doctor(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command = app.add_subcommand("doctor", "Check this installation; starts and changes nothing");
  command->group(kBrokerCommands);
  auto full = std::make_shared<bool>(false);
  command->add_flag("--full", *full, "Read the files of models and compare their SHA-256");
  command->footer(
      "Exit codes: 0 no error (warnings may be there), 1 an error was found. README.md explains the code words.");
  command->callback([&context, &chosen, full] { chosen = [&context, full] { return doctor(context, *full); }; });
}

}  // namespace lectern::cli
