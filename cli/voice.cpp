// lectern voice list
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/model_table.h"

namespace lectern::cli {
namespace {

int list(const Context& context, const std::string& name) {
  const Settings settings = context.settings();
  const Catalogue catalogue = Catalogue::load(settings.test_models);
  const nlohmann::json voices = voices_json(catalogue.model(name.empty() ? settings.model : name));
  if (context.json)
    print_json(voices);
  else
    std::cout << voices_text(voices);
  return 0;
}

}  // namespace

void add_voice(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* voice = app.add_subcommand("voice", "Show the voices of a model");
  voice->group(kVoiceCommands);
  voice->require_subcommand(1);
  CLI::App* command = voice->add_subcommand("list", "Show all voices: language, sex, and whether they are served");
  auto model = std::make_shared<std::string>();
  command->add_option("--model", *model, "Of which model; without it, the model of the settings");
  command->callback([=, &context, &chosen] { chosen = [=, &context] { return list(context, *model); }; });
}

}  // namespace lectern::cli
