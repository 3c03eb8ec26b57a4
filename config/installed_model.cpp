// What is installed: the record installed.json of a model's folder, and whether the files are there.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/catalogue.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/sha256.h"

namespace lectern {
namespace fs = std::filesystem;

std::string InstalledModel::hash() const {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const InstalledFile& file : files) sorted.emplace_back(file.path, file.sha256);
  std::sort(sorted.begin(), sorted.end());
  Sha256 hash;
  for (const auto& [path, digest] : sorted) hash.update(path + '\0' + digest + '\n');
  return hash.finish();
}

std::uint64_t InstalledModel::bytes() const {
  std::uint64_t bytes = 0;
  for (const InstalledFile& file : files) bytes += file.bytes;
  return bytes;
}

std::string InstalledModel::file_hash(const std::string& path) const {
  for (const InstalledFile& file : files)
    if (file.path == path) return file.sha256;
  return {};
}

InstalledModel read_installed_model(const fs::path& folder) {
  const fs::path record = folder / "installed.json";
  InstalledModel installed;
  try {
    const auto json = nlohmann::json::parse(read_file(record));
    installed.name = json.at("model").get<std::string>();
    installed.source = json.at("source").get<std::string>();
    for (const auto& file : json.at("files"))
      installed.files.push_back({file.at("path").get<std::string>(), file.at("bytes").get<std::uint64_t>(),
                                 file.at("sha256").get<std::string>()});
  } catch (const nlohmann::json::exception& e) {
    throw Fault(Exit::bad_input, record.string() + ": not a record of an installed model: " + e.what(),
                "lectern model pull " + folder.filename().string());
  }
  return installed;
}

std::optional<InstalledModel> installed_model(const Paths& paths, const CatalogueModel& model) {
  if (model.built_in) return InstalledModel{model.name, "built in", {}};
  const fs::path record = paths.model(model.name) / "installed.json";
  std::error_code error;
  if (!fs::exists(record, error) && !error) return std::nullopt;
  InstalledModel installed = read_installed_model(paths.model(model.name));
  if (installed.name != model.name)
    throw Fault(Exit::bad_input, record.string() + ": is of model '" + installed.name + "'",
                "lectern model pull " + model.name);
  return installed;
}

InstalledModel require_model(const Paths& paths, const CatalogueModel& model) {
  const std::string mend = "lectern model pull " + model.name;
  const std::optional<InstalledModel> installed = installed_model(paths, model);
  if (!installed) throw Fault(Exit::not_found, "model '" + model.name + "' is not installed", mend);
  for (const InstalledFile& file : installed->files) {
    const fs::path path = paths.model(model.name) / file.path;
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (error)
      throw Fault(Exit::bad_input,
                  "a file of model '" + model.name + "' cannot be read: " + path.string() + ": " + error.message(),
                  mend);
    if (bytes != file.bytes)
      throw Fault(Exit::bad_input,
                  path.string() + " has " + std::to_string(bytes) + " bytes, not " + std::to_string(file.bytes), mend);
  }
  return *installed;
}

}  // namespace lectern
