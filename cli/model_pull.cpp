#include "cli/model_pull.h"

#include <algorithm>

#include "cli/model_lock.h"
#include "cli/model_staging.h"
#include "config/fault.h"
#include "config/sha256.h"

namespace lectern::cli {
namespace fs = std::filesystem;
namespace {

// The installed model if pulling it again would change nothing. A source may have the optional files that it lacks.
std::optional<InstalledModel> complete_install(const Paths& paths, const CatalogueModel& model, bool optional_too) try {
  std::optional<InstalledModel> installed = installed_model(paths, model);
  if (!installed || !find_damage(paths, model, *installed).empty()) return std::nullopt;
  for (const CatalogueFile& file : model.files)
    if (optional_too && file.optional && installed->file_hash(file.path).empty()) return std::nullopt;
  return installed;
} catch (const Fault&) {  // an unreadable record: the pull mends it
  return std::nullopt;
}

// Tries the sources in order; returns the one that gave the files.
std::string fetch_from_any(const Paths& paths, const CatalogueModel& model, const PullOptions& options,
                           ModelStaging& staging) {
  if (!options.force)
    if (const auto found = copy_from_hub_cache(staging, options.say)) return *found;
  Downloader downloader(options.limits, options.say);
  std::string hint;
  for (const CatalogueSource& source : model.sources) try {
      fetch_from(source, paths.downloads() / model.name, downloader, staging, options.progress);
      return describe(source);
    } catch (const Fault& fault) {
      if (fault.exit() == Exit::no_space) throw;
      options.say(describe(source) + ": " + fault.what());
      if (!fault.hint().empty()) hint = fault.hint();
    }
  throw Fault(Exit::not_found, "model '" + model.name + "' could not be fetched from any of its sources",
              hint + "; or get the files elsewhere: lectern model pull " + model.name + " --from PATH");
}

}  // namespace

bool pinned(const CatalogueModel& model) {
  return std::all_of(model.files.begin(), model.files.end(),
                     [](const CatalogueFile& file) { return !file.sha256.empty() || !file.shipped.empty(); });
}

std::vector<Damage> find_damage(const Paths& paths, const CatalogueModel& model, const InstalledModel& installed) {
  std::vector<Damage> damages;
  for (const CatalogueFile& file : model.files) {
    const std::string recorded = installed.file_hash(file.path);
    if (file.optional && recorded.empty()) continue;
    const std::string expected = file.sha256.empty() ? recorded : file.sha256;
    const fs::path path = paths.model(model.name) / file.path;
    std::error_code error;
    const std::string actual = fs::is_regular_file(path, error) ? sha256_file(path) : "";
    if (actual.empty() || actual != expected || recorded != expected) damages.push_back({file.path, expected, actual});
  }
  return damages;
}

Pulled pull_model(const Paths& paths, const CatalogueModel& model, const PullOptions& options) try {
  if (model.built_in) throw Fault(Exit::usage, "model '" + model.name + "' is built in", "use it without pulling it");
  const ModelLock lock(paths, model.name, options.say);
  // Who names a folder wants its files. Where the catalogue has no hashes, the installed ones may be what is wrong.
  const bool by_record = pinned(model) || (!options.from && !options.force);
  if (auto installed = by_record ? complete_install(paths, model, !options.from) : std::nullopt)
    return {std::move(*installed), true};
  ModelStaging staging(paths, model, by_record);
  staging.need_room();
  staging.copy_shipped();
  std::string source;
  if (options.from) {
    copy_from(*options.from, staging);
    source = fs::absolute(*options.from).lexically_normal();
  } else {
    source = staging.missing().empty() ? "an earlier pull" : fetch_from_any(paths, model, options, staging);
  }
  Pulled pulled{staging.install(source), false};
  fs::remove_all(paths.downloads() / model.name);
  return pulled;
} catch (const fs::filesystem_error& e) {
  throw system_fault("cannot change " + e.path1().string(), e.code().value());
}

}  // namespace lectern::cli
