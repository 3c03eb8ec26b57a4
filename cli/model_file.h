// What can be told of a model's file without a network to load it: whether it came whole.
#pragma once

#include <filesystem>
#include <string>

namespace lectern::cli {

// Throws Fault(bad_input) naming `origin` for a .safetensors file (by `name`) that is cut short or something else, such
// as a web page or a Git LFS pointer. Says nothing of other files.
void require_whole(const std::filesystem::path& name, const std::filesystem::path& file, const std::string& origin);

}  // namespace lectern::cli
