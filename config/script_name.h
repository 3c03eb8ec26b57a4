// What the name of a file says about it: a script, one that is still on its way, and how the job is called.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lectern {

// Hidden, or left behind by an editor, office program, download or synchronisation: .* ~* *~ *.tmp *.part *.partial
// *.crdownload *.filepart
bool is_passing_name(std::string_view file_name);
// The file's name without its extension. "Vol. 2 notes" has none: an extension is short, without spaces, and not only
// digits.
std::string script_title(const std::filesystem::path& path);
// ".TXT" -> ".txt"
std::string lower_extension(const std::filesystem::path& path);

}  // namespace lectern
