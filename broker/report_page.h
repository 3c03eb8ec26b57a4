// A report as one page for a browser: a player for each output, light and dark, nothing loaded from elsewhere. Pure.
#pragma once

#include <filesystem>
#include <string>

#include "broker/protocol/messages.h"

namespace lectern {

// `folder`: where the page will lie; outputs below it are linked relatively, the others as file:// addresses.
std::string report_page(const protocol::Reported& report, const std::filesystem::path& folder);

}  // namespace lectern
