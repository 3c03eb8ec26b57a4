// The files inside of a ZIP archive that is held in memory, read with libarchive. Nothing is ever written to disk, so a
// name cannot lead anywhere; sizes are bounded, whatever the archive says of itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lectern::text {

class ZipArchive {
 public:
  // Reads all files but pictures, fonts, sound and films, of which only the names are kept. `bytes` must outlive it.
  // Throws Fault(bad_input): no ZIP archive, damaged or cut short, encrypted with a password, or larger unpacked than
  // kMostFile for a file, kMostBytes in all or kMostFiles.
  explicit ZipArchive(std::string_view bytes);

  bool holds(const std::string& name) const { return names_.contains(name); }
  // The content of a file that was read; nullptr: it is not there, or not read.
  const std::string* find(const std::string& name) const;
  // The content of any file; nothing: it is not there, or larger than `most`.
  std::optional<std::string> read(const std::string& name, std::size_t most) const;

  static constexpr std::size_t kMostFile = 64u << 20, kMostBytes = 160u << 20, kMostFiles = 20000;

 private:
  std::string_view bytes_;
  std::map<std::string, bool> names_;
  std::map<std::string, std::string> files_;
};

// "text/ch%201.xhtml" as it stands in a file of folder "OEBPS" -> "OEBPS/text/ch 1.xhtml", without "#..."; nothing: it
// leads out of the archive, or elsewhere altogether ("http:").
std::optional<std::string> resolve_reference(std::string_view from_file, std::string_view reference);

}  // namespace lectern::text
