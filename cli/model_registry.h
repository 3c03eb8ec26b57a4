// Where npm packages come from: npm's own configuration says it; Lectern names no registry.
#pragma once

#include <string>

#include "cli/download.h"

namespace lectern::cli {

// The registry's address without a slash at its end: from npm_config_registry or NPM_CONFIG_REGISTRY, else from
// `npm config get registry`, else from the .npmrc files. Throws Fault(not_found) when none of them knows it.
std::string npm_registry();
// Asks the registry for the address of a package's archive.
std::string npm_tarball_url(Downloader& downloader, const std::string& registry, const std::string& package,
                            const std::string& version);

}  // namespace lectern::cli
