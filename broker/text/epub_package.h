// The package of an EPUB: what it is called, what is read in which order, and where its chapters begin.
#pragma once

#include <string>
#include <vector>

#include "broker/text/zip_archive.h"

namespace lectern::text {

struct SpineItem {
  std::string file, media_type;  // `file` inside of the archive
  bool linear = true;            // false: outside of the order of reading
};

// A line of the navigation document or the NCX.
struct NavigationEntry {
  std::string title, file, anchor;  // "file" or "file#id"
  std::size_t depth = 1;
  bool in_file = false;  // leads into a file, not to its beginning
};

struct EpubPackage {
  std::string title, author;
  std::vector<SpineItem> spine;
  std::vector<NavigationEntry> navigation;  // in its order; empty: there is none that can be read
  std::string cover, cover_type;            // file and media type; empty: none
};

// Throws Fault(bad_input): no EPUB, protected against reading (DRM), or incomplete.
EpubPackage read_package(const ZipArchive& archive);

}  // namespace lectern::text
