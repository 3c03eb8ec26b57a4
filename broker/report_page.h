// A report as one page for a browser: a player for each output, light and dark, nothing loaded from elsewhere.
// Looks at no file but for the names in the folders of works by chapters.
#pragma once

#include <filesystem>
#include <string>

#include "broker/protocol/messages.h"

namespace lectern {

// The reason of a job that is done whose output was moved away or removed since: it gets no player.
constexpr const char* kAudioGone = "its audio is not there any more";

// `folder`: where the page will lie; outputs below it are linked relatively, the others as file:// addresses.
std::string report_page(const protocol::Reported& report, const std::filesystem::path& folder);

}  // namespace lectern
