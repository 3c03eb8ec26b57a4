// Whole small files, and what makes a change to the disk last.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lectern {

// The bytes of a file. Throws Fault naming it.
std::string read_file(const std::filesystem::path& file);
// Writes the file and waits until it is on the disk. Throws Fault naming it; what was written so far stays.
void write_file(const std::filesystem::path& file, std::string_view bytes);
// Waits until a file's bytes, or a folder's entries, are on the disk. Throws Fault naming it.
void sync_to_disk(const std::filesystem::path& file_or_folder);

}  // namespace lectern
