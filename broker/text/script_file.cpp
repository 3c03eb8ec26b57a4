// The bytes of a script of any format -> its text, and its segments.
#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "broker/text/segmenter.h"
#include "config/fault.h"
#include "config/script_format.h"

namespace lectern::text {
namespace {

// A message that does not say yet which script it is about.
template <typename Work>
auto named(const std::string& name, Work&& work) {
  try {
    return work();
  } catch (const Fault& fault) {
    const std::string what = fault.what();
    if (fault.exit() != Exit::bad_input || what.starts_with(name)) throw;
    throw Fault(fault.exit(), name + (what.starts_with("line ") ? ", " : ": ") + what, fault.hint());
  }
}

Extracted extract(std::string_view bytes, const std::string& name, Format format) {
  switch (format) {
    case Format::html:
      return extract_html(decode_script(bytes, name));
    case Format::epub:
      return extract_epub(bytes);
    case Format::docx:
      return extract_docx(bytes);
    case Format::srt:
      return extract_srt(decode_script(bytes, name));
    case Format::ssml:
      return extract_ssml(decode_script(bytes, name));
    default:
      throw Fault(Exit::internal, "plain text is not extracted");
  }
}

bool is_document(Format format) { return format != Format::plain && format != Format::markdown; }

}  // namespace

Format find_format(const std::string& name) {
  for (std::size_t i = 0; i < std::size(kScriptFormats); ++i)
    if (kScriptFormats[i].name == name) return static_cast<Format>(i);
  throw Fault(Exit::bad_input, "field 'text_format': there is no format '" + name + "'",
              "use " + script_format_names());
}

std::string script_text(std::string_view bytes, const std::string& name, Format format) {
  if (!is_document(format)) return decode_script(bytes, name);
  return named(name, [&] { return to_utf8(extract(bytes, name, format).text); });
}

Segmentation segment_file(std::string_view bytes, const std::string& name, const SegmenterOptions& options) {
  return named(name, [&] {
    if (!is_document(options.format)) return segment_script(decode_script(bytes, name), options);
    return segment_extracted(extract(bytes, name, options.format), options);
  });
}

std::string title_of(std::string_view script) {
  constexpr std::string_view kKey = "\nTitle: ";
  const std::string_view head = script.substr(0, 8192);
  const auto begin = head.find(kKey);
  if (begin == head.npos || head.find("PROJECT GUTENBERG") == head.npos || head.find("*** START OF") == head.npos)
    return {};
  const auto end = head.find_first_of("\r\n", begin + 1);
  return one_line(head.substr(begin + kKey.size(), end - begin - kKey.size()));
}

}  // namespace lectern::text
