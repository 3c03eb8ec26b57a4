// The user's voices in the data folder: removed, renamed and exported only when nobody is about to speak with them.
#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"
#include "config/recorded_voice.h"

namespace lectern::cli {

// Fault(not_found) with the nearest name when there is none.
RecordedVoice require_recorded_voice(const Paths& paths, const std::string& name);

// Throws Fault(bad_input) while an unfinished job needs the voice.
void remove_voice(const Context& context, const std::string& name);
void rename_voice(const Context& context, const std::string& from, const std::string& to);

// Copies the recording of a voice, from which it can be made again anywhere; the same bytes make the same voice. `to`:
// a file, or a folder, in which it is called NAME.flac. Overwrites nothing. Returns the file.
std::filesystem::path export_voice(const Paths& paths, const std::string& name, const std::filesystem::path& to);

}  // namespace lectern::cli
