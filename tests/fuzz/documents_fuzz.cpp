// Whatever bytes a document has, it is either refused with a Fault, or its text is the same each time and covered
// exactly. The first byte chooses the format; EPUB and DOCX are fuzzed as archives, and by the files inside of one.
#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <utility>
#include <vector>

#include "config/fault.h"
#include "tests/fuzz/coverage.h"

namespace text = lectern::text;

namespace {

std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string bytes(1 << 16, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_set_options(writer, "zip:compression=store");
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(writer, entry);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// Parts of the input, parted by NUL bytes; always `count` of them.
std::vector<std::string> parts_of(const std::string& input, std::size_t count) {
  std::vector<std::string> parts(1);
  for (const char c : input) {
    if (c == '\0' && parts.size() < count)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  parts.resize(count);
  return parts;
}

std::string epub_of(const std::string& input) {
  const auto parts = parts_of(input, 3);
  return zip({{"META-INF/container.xml", "<container><rootfile full-path='b.opf'/></container>"},
              {"b.opf", parts[0]},
              {"a.xhtml", parts[1]},
              {"nav.xhtml", parts[2]}});
}

std::string docx_of(const std::string& input) {
  const auto parts = parts_of(input, 4);
  return zip({{"word/document.xml", parts[0]},
              {"word/styles.xml", parts[1]},
              {"word/footnotes.xml", parts[2]},
              {"word/numbering.xml", parts[3]}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using text::Format;
  constexpr Format kFormats[] = {Format::html, Format::epub, Format::docx, Format::srt,
                                 Format::ssml, Format::epub, Format::docx, Format::html};
  const int choice = data[0] & 7;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (choice == 5) bytes = epub_of(bytes);
  if (choice == 6) bytes = docx_of(bytes);
  text::SegmenterOptions options;
  options.format = kFormats[choice];
  options.max_segment_chars = data[0] & 8 ? 40 : 300;
  options.phonemes = data[0] & 16;
  if (data[0] & 32)
    options.reading.skip = {lectern::ScriptPart::contents, lectern::ScriptPart::boilerplate,
                            lectern::ScriptPart::footnotes};
  try {
    const std::string script = text::script_text(bytes, "document", options.format);
    text::require(script == text::script_text(bytes, "document", options.format), "another text the second time");
    text::require_coverage(script, text::segment_file(bytes, "document", options), options.max_segment_chars);
  } catch (const lectern::Fault&) {
  }
  return 0;
}
