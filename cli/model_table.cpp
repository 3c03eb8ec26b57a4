#include "cli/model_table.h"

#include <algorithm>

#include "cli/download_progress.h"
#include "config/fault.h"
#include "config/recorded_voice.h"

namespace lectern::cli {
namespace {

using nlohmann::json;

std::uint64_t catalogue_bytes(const CatalogueModel& model) {
  std::uint64_t bytes = 0;
  for (const CatalogueFile& file : model.files) bytes += file.bytes;
  return bytes;
}

json model_json(const Paths& paths, const CatalogueModel& model) {
  json entry = {{"name", model.name},
                {"title", model.title},
                {"licence", model.licence},
                {"homepage", model.homepage},
                {"needs", model.needs},
                {"bytes", catalogue_bytes(model)},
                {"installed", "no"},
                {"source", nullptr},
                {"fault", nullptr},
                {"default_voice", model.default_voice},
                {"voices", model.voices.size()}};
  try {
    if (!installed_model(paths, model)) return entry;
    const InstalledModel installed = require_model(paths, model);
    entry["source"] = installed.source;
    entry["installed"] = "yes";
    if (!installed.files.empty()) entry["bytes"] = installed.bytes();
  } catch (const Fault& fault) {
    entry["installed"] = "damaged";
    entry["fault"] = fault.what();
  }
  return entry;
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

json models_json(const Paths& paths, const Catalogue& catalogue) {
  json models = json::array();
  for (const CatalogueModel& model : catalogue.models()) models.push_back(model_json(paths, model));
  return models;
}

std::string models_text(const json& models) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "INSTALLED", "SIZE", "LICENCE", "NEEDS", "SOURCE"}};
  std::string faults;
  for (const json& model : models) {
    const auto bytes = model["bytes"].get<std::uint64_t>();
    rows.push_back({model["name"], model["installed"], bytes ? size_text(bytes) : "-", model["licence"], model["needs"],
                    model["source"].is_null() ? "-" : model["source"].get<std::string>()});
    if (!model["fault"].is_null())
      faults += model["fault"].get<std::string>() + "; lectern model pull " + model["name"].get<std::string>() + "\n";
  }
  return table_text(rows) + faults;
}

json voices_json(const CatalogueModel& model) {
  json voices = json::array();
  for (const CatalogueVoice& voice : model.voices)
    voices.push_back({{"name", voice.name},
                      {"model", model.name},
                      {"language", voice.language},
                      {"sex", voice.sex.empty() ? json() : json(voice.sex)},
                      {"served", !voice.spoken_as.empty()},
                      {"refusal", voice.refusal.empty() ? json() : json(voice.refusal)},
                      {"default", voice.name == model.default_voice}});
  return voices;
}

json all_voices_json(const Paths& paths, const Catalogue& catalogue, const CatalogueModel* only) {
  json voices = json::array();
  std::string cloning;
  for (const CatalogueModel& model : catalogue.models()) {
    if (only != nullptr && only->name != model.name) continue;
    for (json& voice : voices_json(model)) voices.push_back(std::move(voice));
    if (model.clones_voices) cloning += (cloning.empty() ? "" : ", ") + model.name;
  }
  if (cloning.empty()) return voices;
  std::vector<Fault> damaged;
  for (const RecordedVoice& voice : recorded_voices(paths, &damaged))
    voices.push_back({{"name", voice.name},
                      {"model", cloning},
                      {"language", nullptr},
                      {"sex", nullptr},
                      {"served", true},
                      {"refusal", nullptr},
                      {"default", false},
                      {"source", voice.source}});
  for (const Fault& fault : damaged)
    voices.push_back({{"name", nullptr},
                      {"model", cloning},
                      {"language", nullptr},
                      {"sex", nullptr},
                      {"served", false},
                      {"refusal", fault.what()},
                      {"default", false}});
  return voices;
}

std::string voices_text(const json& voices) {
  const auto text_or_dash = [](const json& value) { return value.is_null() ? "-" : value.get<std::string>(); };
  std::vector<std::vector<std::string>> rows = {{"NAME", "MODEL", "LANGUAGE", "SEX", "SERVED"}};
  for (const json& voice : voices) {
    std::string served = "yes";
    if (!voice["served"].get<bool>()) served = "no: " + voice["refusal"].get<std::string>();
    if (voice["default"].get<bool>()) served += ", default";
    if (voice.contains("source")) served += ", from " + voice["source"].get<std::string>();
    rows.push_back({text_or_dash(voice["name"]), voice["model"].get<std::string>(), text_or_dash(voice["language"]),
                    text_or_dash(voice["sex"]), served});
  }
  return table_text(rows);
}

}  // namespace lectern::cli
