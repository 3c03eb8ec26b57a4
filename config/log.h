// One log, one line an event: stderr in the foreground, else a file under the state folder (5 MB, three kept).
// Thread-safe. Use spdlog::info(...) and friends after start_log().
#pragma once

#include <filesystem>
#include <string>

namespace lectern {

// `level`: trace, debug, info, warn, error, off. An empty `file` means stderr. Throws Fault when the file cannot be
// opened or the level is unknown.
void start_log(const std::string& program, const std::filesystem::path& file, const std::string& level);

}  // namespace lectern
