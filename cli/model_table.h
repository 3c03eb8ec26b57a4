// What `lectern model list` and `lectern voice list` show, apart from printing it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/catalogue.h"

namespace lectern::cli {

// Rows under their headings, in columns as wide as their widest cell; the last column is not padded.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

// One entry a model: whether it is installed ("yes", "no", "damaged"), size, licence, source, needs.
nlohmann::json models_json(const Paths& paths, const Catalogue& catalogue);
std::string models_text(const nlohmann::json& models);

// One entry a voice: language, sex, whether it is served, or why not, and which is the default.
nlohmann::json voices_json(const CatalogueModel& model);
// The same of all models, or of one; those made from recordings too, which every model speaks that clones voices.
nlohmann::json all_voices_json(const Paths& paths, const Catalogue& catalogue, const CatalogueModel* only);
std::string voices_text(const nlohmann::json& voices);

}  // namespace lectern::cli
