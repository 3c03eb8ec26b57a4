// EPUB -> its text.
#include <algorithm>

#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/epub_package.h"
#include "broker/text/html.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

constexpr std::size_t kMostCover = 20u << 20;  // bytes

bool is_page(const SpineItem& item, const std::string& bytes) {
  if (item.media_type == "application/xhtml+xml" || item.media_type == "text/html") return true;
  return item.media_type.empty() && bytes.find("<html") != bytes.npos;
}

bool is_blank(std::string_view bytes) { return bytes.find_first_not_of(" \t\r\n") == bytes.npos; }

void read_page(const ZipArchive& archive, const SpineItem& item, Extraction& into) {
  const std::string* bytes = archive.find(item.file);
  if (!bytes || !is_page(item, *bytes)) return into.leave_out(item.file, "no text");
  if (is_blank(*bytes)) return;
  try {
    read_html(decode_script(*bytes, item.file), item.file, into);
  } catch (const Fault& fault) {
    const std::string what = fault.what();
    if (what.starts_with(item.file)) throw;
    throw Fault(fault.exit(), item.file + ", " + what, fault.hint());
  }
}

// Pages outside of the order of reading are kept, and not spoken.
void leave_out_page(const ZipArchive& archive, const SpineItem& item, Extraction& into) {
  Extraction aside;
  read_page(archive, item, aside);
  into.begin_block();
  into.leave_out(to_utf8(std::move(aside).finish().text), "outside of the order of reading");
}

// Chapters are the entries of the outermost lists, and those below them that begin a file.
void name_chapters(const EpubPackage& package, Extraction& into) {
  for (const NavigationEntry& entry : package.navigation)
    if (entry.depth == 1 || !entry.in_file) into.chapter(entry.anchor, entry.title);
}

}  // namespace

Extracted extract_epub(std::string_view bytes) {
  const ZipArchive archive(bytes);
  const EpubPackage package = read_package(archive);
  Extraction extraction;
  for (const SpineItem& item : package.spine) {
    if (item.linear)
      read_page(archive, item, extraction);
    else
      leave_out_page(archive, item, extraction);
  }
  name_chapters(package, extraction);
  extraction.title = package.title;
  extraction.author = package.author;
  return std::move(extraction).finish();
}

Picture epub_cover(std::string_view bytes) {
  const ZipArchive archive(bytes);
  const EpubPackage package = read_package(archive);
  if (package.cover.empty()) return {};
  auto picture = archive.read(package.cover, kMostCover);
  if (!picture) return {};
  return {package.cover_type, std::move(*picture)};
}

}  // namespace lectern::text
