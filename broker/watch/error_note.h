// NAME.error.txt: why a script was not narrated, and what to do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern::watch {

struct Failure {
  std::string what, mend;                         // mend may be empty
  std::uint64_t job = 0;                          // 0: it did not become one
  std::vector<protocol::FailedSegment> segments;  // that could not be spoken
};

// `beside`: the file with the script's settings, which goes back with it; may be empty.
std::string error_note(const std::string& script, const std::string& beside, const std::filesystem::path& folder,
                       const Failure& failure);

// Removes the note if the file is one.
void remove_note(const std::filesystem::path& file);

}  // namespace lectern::watch
