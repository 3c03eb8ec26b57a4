// Getting a model, whole or not at all: what is installed stays usable until its successor is complete.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/download.h"
#include "cli/model_source.h"
#include "config/catalogue.h"

namespace lectern::cli {

struct PullOptions {
  std::optional<std::filesystem::path> from;  // --from PATH: no network
  bool force = false;  // also what is installed and as it was recorded: the record may be what is wrong
  DownloadLimits limits;
  std::function<void(const std::string& line)> say = [](const std::string&) {};
  PullProgress progress = [](std::uint64_t, std::uint64_t) {};
};

struct Pulled {
  InstalledModel model;
  bool already = false;  // complete and undamaged before: nothing was done
};

// Waits for another pull of the same model. Throws Fault: usage for a built-in model, no_space, not_found when no
// source could be used (each was named through `say`, with its reason).
Pulled pull_model(const Paths& paths, const CatalogueModel& model, const PullOptions& options);

// Whether the catalogue has the hashes of all its files; else they are recorded when it is first pulled.
bool pinned(const CatalogueModel& model);

// A file of an installed model that is not what it should be.
struct Damage {
  std::string path, expected, actual;  // SHA-256; `actual` is empty when the file is missing
};
// Hashes every file. Empty: all is well.
std::vector<Damage> find_damage(const Paths& paths, const CatalogueModel& model, const InstalledModel& installed);

}  // namespace lectern::cli
