#include "broker/watch/error_note.h"

#include <fmt/format.h>

#include <fstream>

namespace lectern::watch {
namespace {

constexpr const char* kOpening = "Lectern could not narrate ";

}  // namespace

std::string error_note(const std::string& script, const std::string& beside, const std::filesystem::path& folder,
                       const Failure& failure) {
  std::string note = fmt::format("{}{}\n\nWhy: {}\n", kOpening, script, failure.what);
  for (const auto& segment : failure.segments)
    note += fmt::format("  segment {}: {}\n    \"{}\"\n", segment.index, segment.reason, segment.text);
  if (!failure.mend.empty()) note += fmt::format("What to do: {}\n", failure.mend);
  note += fmt::format("\nTo try again, move {}{} back into {}\n", script, beside.empty() ? "" : " and " + beside,
                      folder.string());
  if (failure.job > 0) note += fmt::format("What happened: lectern log {}\n", failure.job);
  return note;
}

void remove_note(const std::filesystem::path& file) {
  std::string start(std::char_traits<char>::length(kOpening), '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in.read(start.data(), static_cast<std::streamsize>(start.size())) || start != kOpening) return;
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

}  // namespace lectern::watch
