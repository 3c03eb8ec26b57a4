// lectern cleanup: give space back. What is to go is found first, shown, and removed when somebody agreed.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "broker/protocol/wire.h"
#include "cli/command.h"
#include "cli/local_broker.h"
#include "cli/model_lock.h"
#include "cli/model_staging.h"
#include "cli/published_files.h"
#include "config/quantity.h"
#include "cli/question.h"
#include "cli/resident_model.h"
#include "cli/terminal.h"
#include "config/fault.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Wish {
  bool gpu = false, cache = false, models = false, outputs = false, all = false, yes = false, dry_run = false;
};

struct InstalledFolder {
  std::string name;
  std::uint64_t bytes = 0;
};

struct Plan {
  protocol::Pruned takes;
  std::vector<InstalledFolder> models;
  PublishedFiles outputs;
  std::vector<KeptFile> kept;  // models, and after the removal what could not be removed

  std::uint64_t bytes() const {
    std::uint64_t sum = takes.bytes;
    for (const InstalledFolder& model : models) sum += model.bytes;
    for (const auto& group : outputs.unchanged)
      for (const PublishedFile& file : group) sum += file.bytes;
    return sum;
  }
  bool empty() const { return takes.takes == 0 && models.empty() && outputs.unchanged.empty(); }
};

protocol::Prune every_idle_take(bool dry_run) {
  protocol::Prune rules;
  rules.takes_older_s = 0;
  rules.dry_run = dry_run;
  return rules;
}

// How many unfinished jobs need each model.
std::map<std::string, std::uint64_t> wanted_models(Connection& connection) {
  protocol::Status status;
  status.selection.all = true;
  std::map<std::string, std::uint64_t> wanted;
  const auto answer = connection.ask<protocol::Jobs>(status);
  for (const protocol::JobView& job : answer.jobs)
    if (job.state != "done" && job.state != "failed" && job.state != "cancelled") ++wanted[job.model];
  return wanted;
}

// A file that is not the model's own, if there is one: then the folder stays.
std::optional<fs::path> stranger(const fs::path& folder, const CatalogueModel& model,
                                 const std::optional<InstalledModel>& installed) {
  std::set<fs::path> own = {"installed.json"};
  for (const CatalogueFile& file : model.files) own.insert(file.path);
  if (installed)
    for (const InstalledFile& file : installed->files) own.insert(file.path);
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none))
    if (!entry.is_directory(none) && !own.count(entry.path().lexically_relative(folder))) return entry.path();
  return std::nullopt;
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder, none))
    if (entry.is_regular_file(none)) bytes += entry.file_size(none);
  return bytes;
}

void find_models(const Context& context, const std::map<std::string, std::uint64_t>& wanted, Plan& plan) {
  const Paths paths = context.paths();
  const Catalogue catalogue = Catalogue::load(context.settings().test_models);
  for (const CatalogueModel& model : catalogue.models()) {
    const fs::path folder = paths.model(model.name);
    std::error_code none;
    if (model.built_in || !fs::exists(folder, none)) continue;
    std::optional<InstalledModel> installed;
    try {
      installed = installed_model(paths, model);
    } catch (const Fault&) {  // damaged
    }
    if (const auto jobs = wanted.find(model.name); jobs != wanted.end())
      plan.kept.push_back({folder, count(jobs->second, "unfinished job") + " must be spoken by it"});
    else if (const auto file = stranger(folder, model, installed))
      plan.kept.push_back({folder, "it holds a file that is not the model's: " + file->string()});
    else
      plan.models.push_back({model.name, bytes_below(folder)});
  }
}

std::vector<protocol::OutputFiles> all_outputs(Connection& connection) {
  std::vector<protocol::OutputFiles> all;
  for (protocol::Outputs ask;; ask.after = all.back().number) {
    const auto list = connection.ask<protocol::OutputList>(ask).outputs;
    if (list.empty()) return all;
    all.insert(all.end(), list.begin(), list.end());
  }
}

Plan find(const Context& context, const Wish& wish, std::optional<Connection>& connection) {
  Plan plan;
  std::map<std::string, std::uint64_t> wanted;
  if (connection && wish.cache) plan.takes = connection->ask<protocol::Pruned>(every_idle_take(true));
  if (connection && wish.models) wanted = wanted_models(*connection);
  if (wish.models) find_models(context, wanted, plan);
  if (connection && wish.outputs) {
    const auto outputs = all_outputs(*connection);
    if (isatty(STDERR_FILENO) == 1 && !outputs.empty()) std::cerr << "reading the finished files ...\n";
    plan.outputs = find_published(outputs);
  }
  plan.kept.insert(plan.kept.end(), plan.outputs.kept.begin(), plan.outputs.kept.end());
  return plan;
}

std::string line(const std::string& start, const std::string& what) {
  constexpr int kStart = 9;
  return padded(start, kStart) + wrapped(printable(what), Terminal::of(STDOUT_FILENO).width, kStart) + "\n";
}

std::string kept_line(const KeptFile& kept) { return line("kept", kept.path.string() + ": " + kept.reason); }

std::string text_of(const Plan& plan) {
  std::string text;
  if (plan.takes.takes > 0)
    text +=
        line(size_of(plan.takes.bytes), count(plan.takes.takes, "take") + " that no unfinished or failed job needs");
  for (const InstalledFolder& model : plan.models) text += line(size_of(model.bytes), "model " + model.name);
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> folders;  // files, bytes
  for (const auto& group : plan.outputs.unchanged)
    for (const PublishedFile& file : group) {
      if (S_ISDIR(file.seen.st_mode)) continue;
      auto& [files, bytes] = folders[file.path.parent_path().string()];
      ++files, bytes += file.bytes;
    }
  for (const auto& [folder, sum] : folders)
    text += line(size_of(sum.second), count(sum.first, "finished file") + " in " + folder);
  for (const KeptFile& kept : plan.kept) text += kept_line(kept);
  return text;
}

json json_of(const Plan& plan, bool dry_run, std::uint64_t freed) {
  json models = json::array(), outputs = json::array(), kept = json::array();
  for (const InstalledFolder& model : plan.models) models.push_back({{"name", model.name}, {"bytes", model.bytes}});
  for (const auto& group : plan.outputs.unchanged)
    for (const PublishedFile& file : group) outputs.push_back({{"file", file.path.string()}, {"bytes", file.bytes}});
  for (const KeptFile& file : plan.kept) kept.push_back({{"file", file.path.string()}, {"reason", file.reason}});
  return {{"takes", {{"count", plan.takes.takes}, {"bytes", plan.takes.bytes}}},
          {"models", models},
          {"outputs", outputs},
          {"kept", kept},
          {"bytes", plan.bytes()},
          {"dry_run", dry_run},
          {"freed_bytes", freed}};
}

// What goes, in the order in which it is shown. What turns out to be impossible is added to `plan.kept`.
std::uint64_t remove(const Context& context, const Wish& wish, std::optional<Connection>& connection, Plan& plan) {
  std::uint64_t freed = 0;
  if (connection && wish.cache) freed += connection->ask<protocol::Pruned>(every_idle_take(false)).bytes;
  const Paths paths = context.paths();
  std::map<std::string, std::uint64_t> wanted;  // a job may have come while somebody thought about the answer
  if (connection && !plan.models.empty()) wanted = wanted_models(*connection);
  for (const InstalledFolder& model : plan.models) {
    if (wanted.count(model.name)) {
      plan.kept.push_back({paths.model(model.name), "an unfinished job needs it now"});
      continue;
    }
    const ModelLock lock(paths, model.name, [](const std::string& words) { std::cerr << words << "\n"; });
    remove_model(paths, model.name);
    freed += model.bytes;
  }
  for (const auto& group : plan.outputs.unchanged) freed += remove_published(group, plan.kept);
  return freed;
}

std::string freed_text(std::uint64_t bytes) { return size_of(bytes) + " (" + count(bytes, "byte") + ")\n"; }

// Shows the plan, and whether it shall be done.
bool agreed(const Context& context, const Wish& wish, const Plan& plan) {
  if (!context.json) write_text(STDOUT_FILENO, text_of(plan));
  if (plan.empty()) {
    if (!context.json) std::cout << "there is nothing to remove\n";
    return false;
  }
  if (wish.dry_run) {
    if (!context.json) std::cout << "would free " << freed_text(plan.bytes());
    return false;
  }
  if (wish.yes) return true;
  if (context.json) throw Fault(Exit::usage, "--json cannot ask whether to remove them", "say --yes or --dry-run");
  const bool yes = confirmed("remove them and free " + size_of(plan.bytes()) + "?", "remove them");
  if (!yes) std::cout << "nothing was removed\n";
  return yes;
}

// Loaded models, as `lectern model unload`: nothing is lost, so nobody is asked.
int give_memory_back(const Context& context, const Wish& wish) {
  const LocalBroker broker(context.paths());
  Freed freed;
  if (broker.running()) {
    Connection connection = broker.connect();
    if (!wish.dry_run) {
      freed = unload_models(connection, "", false);
    } else {
      for (const protocol::WorkerView& worker : workers(connection)) {
        if (worker.engine_pid == 0) continue;
        freed.models.push_back(worker.model);
        freed.memory_bytes += worker.memory_bytes;
        freed.device_bytes += worker.device_bytes;
      }
    }
  }
  if (context.json)
    print_json({{"models", freed.models},
                {"freed_bytes", wish.dry_run ? 0 : freed.memory_bytes + freed.device_bytes},
                {"memory_bytes", freed.memory_bytes},
                {"device_bytes", freed.device_bytes},
                {"dry_run", wish.dry_run}});
  else if (wish.dry_run)
    std::cout << "would free " << freed_text(freed.memory_bytes + freed.device_bytes);
  else
    std::cout << text_of(freed) << "\n";
  return 0;
}

int cleanup(const Context& context, Wish wish) {
  if (wish.all) wish.gpu = wish.cache = wish.models = wish.outputs = true;
  const bool space = wish.cache || wish.models || wish.outputs;
  if (!wish.gpu && !space)
    throw Fault(Exit::usage, "nothing to clean up is named", "give --gpu, --cache, --models, --outputs or --all");
  const Paths paths = context.paths();
  if (wish.gpu && !space) return give_memory_back(context, wish);
  std::optional<Connection> connection;  // a home without a database has neither takes nor jobs
  if (fs::exists(paths.database())) connection.emplace(LocalBroker(paths).connect_or_start());
  Plan plan = find(context, wish, connection);
  const std::size_t shown = plan.kept.size();
  const bool yes = agreed(context, wish, plan);
  if (yes && wish.gpu && LocalBroker(paths).running()) {
    const Freed memory = unload_models(*connection, "", false);
    if (!context.json) std::cout << text_of(memory) << "\n";
  }
  const std::uint64_t freed = yes ? remove(context, wish, connection, plan) : 0;
  if (context.json) {
    print_json(json_of(plan, wish.dry_run, freed));
  } else if (yes) {
    for (std::size_t i = shown; i < plan.kept.size(); ++i) std::cout << kept_line(plan.kept[i]);
    std::cout << "freed " << freed_text(freed);
  }
  return static_cast<int>(plan.kept.size() > shown ? Exit::bad_input : Exit::done);
}

}  // namespace

void add_cleanup(CLI::App& app, Context& context, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("cleanup", "Free memory and disk space: loaded models, takes, models, finished files");
  command->group(kBrokerCommands);
  auto wish = std::make_shared<Wish>();
  command->add_flag("--gpu", wish->gpu, "Loaded models: the memory of the GPU (or the processor), as `model unload`");
  command->add_flag("--cache", wish->cache, "Takes that no unfinished or failed job needs");
  command->add_flag("--models", wish->models, "Installed models that no unfinished job needs");
  command->add_flag("--outputs", wish->outputs, "Finished files that nobody changed since they were published");
  command->add_flag("--all", wish->all, "All of these");
  command->add_flag("--yes", wish->yes, "Do not ask");
  command->add_flag("-n,--dry-run", wish->dry_run, "Only show what would go");
  command->callback([&context, &chosen, wish] { chosen = [&context, wish] { return cleanup(context, *wish); }; });
}

}  // namespace lectern::cli
