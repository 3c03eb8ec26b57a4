// lectern model pull | list | verify | remove | load | unload
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/download_progress.h"
#include "cli/local_broker.h"
#include "cli/model_lock.h"
#include "cli/model_pull.h"
#include "cli/model_staging.h"
#include "cli/model_table.h"
#include "config/quantity.h"
#include "cli/question.h"
#include "cli/resident_model.h"
#include "config/fault.h"
#include "config/keep_alive.h"

namespace lectern::cli {
namespace {

using nlohmann::json;

Catalogue catalogue(const Context& context) { return Catalogue::load(context.settings().test_models); }

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

int pull(const Context& context, const std::string& name, const std::string& from, bool force) {
  const Catalogue known = catalogue(context);
  const CatalogueModel& model = known.model(name);
  std::optional<DownloadProgress> progress;
  PullOptions options;
  if (!from.empty()) options.from = from;
  options.force = force;
  options.say = [&](const std::string& line) {
    if (progress) progress->clear();
    say(line);
  };
  options.progress = [&](std::uint64_t have, std::uint64_t total) {
    if (!progress) progress.emplace(model.name, have, total, stderr, isatty(STDERR_FILENO) == 1);
    progress->at(have, total);
  };
  const Pulled pulled = pull_model(context.paths(), model, options);
  progress.reset();
  if (context.json) {
    print_json({{"name", model.name},
                {"already", pulled.already},
                {"source", pulled.model.source},
                {"bytes", pulled.model.bytes()},
                {"folder", context.paths().model(model.name).string()}});
    return 0;
  }
  std::cout << "model " << model.name << (pulled.already ? " was installed already: " : " is installed: ")
            << pulled.model.files.size() << " files, " << size_text(pulled.model.bytes()) << ", from "
            << pulled.model.source << "\nlicence: " << model.licence << " " << model.licence_url << "\n";
  if (pulled.already && !pinned(model))
    std::cout << "Its files are as they were recorded at the first pull; if they do not load, --force fetches them anew.\n";
  return 0;
}

int list(const Context& context) {
  const json models = models_json(context.paths(), catalogue(context));
  if (context.json)
    print_json(models);
  else
    std::cout << models_text(models);
  return 0;
}

// Prints what is wrong with one model; true when nothing is.
bool verify_one(const Context& context, const CatalogueModel& model, const InstalledModel& installed, json& report) {
  json files = json::array();
  for (const Damage& damage : find_damage(context.paths(), model, installed)) {
    const std::string path = context.paths().model(model.name) / damage.path;
    files.push_back({{"file", path}, {"expected", damage.expected}, {"actual", damage.actual}});
    if (context.json) continue;
    if (damage.actual.empty())
      std::cout << path << ": missing\n";
    else if (damage.actual == damage.expected)
      std::cout << path << ": sound, but not in the record installed.json\n";
    else
      std::cout << path << ": damaged\n  expected " << damage.expected << "\n  actual   " << damage.actual << "\n";
  }
  report.push_back({{"name", model.name}, {"damaged", files}});
  if (files.empty() && !context.json)
    std::cout << "model " << model.name << ": " << installed.files.size() << " files are as published\n";
  return files.empty();
}

int verify(const Context& context, const std::string& name) {
  const Catalogue known = catalogue(context);
  json report = json::array();
  std::vector<std::string> damaged;
  for (const CatalogueModel& model : known.models()) {
    if (!name.empty() && known.model(name).name != model.name) continue;
    const auto installed = installed_model(context.paths(), model);
    if (!installed && !name.empty())
      throw Fault(Exit::not_found, "model '" + name + "' is not installed", "lectern model pull " + name);
    if (!installed || (model.built_in && name.empty())) continue;
    if (!verify_one(context, model, *installed, report)) damaged.push_back(model.name);
  }
  if (context.json)
    print_json(report);
  else if (report.empty())
    std::cout << "no model is installed\n";
  if (damaged.empty()) return 0;
  std::cout.flush();
  throw Fault(Exit::bad_input, "model '" + damaged.front() + "' is damaged", "lectern model pull " + damaged.front());
}

int remove(const Context& context, const std::string& name, bool yes) {
  const Catalogue known = catalogue(context);
  const CatalogueModel& model = known.model(name);
  if (model.built_in) throw Fault(Exit::usage, "model '" + name + "' is built in", "it takes no space");
  const std::filesystem::path folder = context.paths().model(name);
  if (!std::filesystem::exists(folder))
    throw Fault(Exit::not_found, "model '" + name + "' is not installed", "lectern model list");
  if (!yes && !confirmed("remove " + folder.string() + "?", "remove the model")) {
    std::cout << "nothing was removed\n";
    return 0;
  }
  const ModelLock lock(context.paths(), name, say);
  remove_model(context.paths(), name);
  if (context.json)
    print_json({{"removed", name}});
  else
    std::cout << "model " << name << " is removed\n";
  return 0;
}

int load(const Context& context, const std::string& name, const std::string& keep) {
  if (!keep.empty() && !parse_keep_alive(keep))
    throw Fault(Exit::usage, "--keep cannot be '" + keep + "'", std::string("use ") + kKeepAliveForms);
  Connection connection = LocalBroker(context.paths()).connect_or_start();
  const protocol::WorkerView view = load_model(connection, name, keep);
  if (context.json) {
    print_json(protocol::detail::to_json(view));
  } else if (view.model != name) {
    std::cout << "model " << name << " will be loaded on " << view.device << " when its work with " << view.model
              << " is done\n";
  } else {
    std::cout << "model " << name << " is loaded on " << view.device << ": " << size_of(view.memory_bytes)
              << " of memory";
    if (view.device_bytes > 0) std::cout << ", " << size_of(view.device_bytes) << " on the device";
    std::cout << (view.unload_ms < 0   ? "; it stays until it is unloaded"
                  : view.unload_ms > 0 ? "; without work it stays until " + local_time(view.unload_ms)
                                       : "")
              << "\n";
  }
  return 0;
}

int unload(const Context& context, const std::string& name, bool now) {
  const LocalBroker broker(context.paths());
  Freed freed;
  if (broker.running()) {
    Connection connection = broker.connect();
    freed = unload_models(connection, name, now);
  }
  if (context.json)
    print_json({{"models", freed.models}, {"memory_bytes", freed.memory_bytes}, {"device_bytes", freed.device_bytes}});
  else
    std::cout << text_of(freed) << "\n";
  return 0;
}

// The options of all subcommands; lives as long as the app.
struct Options {
  std::string name, from, keep;
  bool yes = false, now = false, force = false;
};

}  // namespace

void add_model(CLI::App& app, Context& context, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* model = app.add_subcommand("model", "Get, list, check and remove speech models; load and unload them");
  model->group(kVoiceCommands);
  model->require_subcommand(1);

  CLI::App* command = model->add_subcommand("pull", "Get a model, or mend a damaged one");
  command->add_option("NAME", options->name, "Which model; `lectern model list` shows all")->required();
  command->add_option("--from", options->from,
                      "A folder, hub cache, .tgz or .onnx file to take it from, without any network");
  command->add_flag("--force", options->force,
                    "Fetch it anew although it is installed: for a model that does not load, and whose hashes were "
                    "recorded when it was pulled");
  command->callback([=, &context, &chosen] {
    chosen = [=, &context] { return pull(context, options->name, options->from, options->force); };
  });

  command = model->add_subcommand("list", "Show all models and which are installed");
  command->callback([&context, &chosen] { chosen = [&context] { return list(context); }; });

  command = model->add_subcommand("verify", "Compare every file with its published hash");
  command->add_option("NAME", options->name, "Which model; without a name, all that are installed");
  command->callback([=, &context, &chosen] { chosen = [=, &context] { return verify(context, options->name); }; });

  command = model->add_subcommand("remove", "Delete a model's files");
  command->add_option("NAME", options->name, "Which model")->required();
  command->add_flag("--yes", options->yes, "Do not ask");
  command->callback(
      [=, &context, &chosen] { chosen = [=, &context] { return remove(context, options->name, options->yes); }; });

  command = model->add_subcommand("load", "Load a model now, without work for it, and let its work go on");
  command->add_option("NAME", options->name, "Which model")->required();
  command->add_option("--keep", options->keep, "How long it stays without work: 30s, 5m, 2h, forever, \"until 06:00\"");
  command->callback(
      [=, &context, &chosen] { chosen = [=, &context] { return load(context, options->name, options->keep); }; });

  command = model->add_subcommand(
      "unload", "Give a model's memory back; its work waits until it is loaded or a job is submitted or resumed");
  command->alias("deload");
  command->add_option("NAME", options->name, "Which model; without a name, any");
  command->add_flag("--now", options->now, "Do not finish the segments in work; they go back to the queue");
  command->callback(
      [=, &context, &chosen] { chosen = [=, &context] { return unload(context, options->name, options->now); }; });
}

}  // namespace lectern::cli
