// Where the audio of scripts is to go: what --output, --format and the settings come to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/script_list.h"
#include "config/settings.h"

namespace lectern::cli {

// The audio formats, each also the extension of its files.
const std::vector<std::string>& audio_formats();

class OutputNames {
 public:
  // `output`: --output, a folder (it exists, ends in "/", or has no extension) or, for one script, a file whose
  // extension is a format; empty: settings.output, or beside each script. `format`: --format, may be empty. Throws
  // Fault: usage for words that contradict each other; not_found or bad_input for a folder that cannot be used.
  OutputNames(const std::string& output, const std::string& format, const Settings& settings, std::size_t scripts);

  const std::string& format() const { return format_; }
  bool names_file() const { return !file_.empty(); }

  // The absolute path that a script's audio is wished at. The broker numbers it when it is taken. `name`: of the job,
  // used for streams. Throws Fault(bad_input) when its folder cannot be written to or the path is not UTF-8.
  std::filesystem::path wished(const Script& script, const std::string& name) const;

 private:
  std::filesystem::path folder_, file_;
  std::string format_;
};

}  // namespace lectern::cli
