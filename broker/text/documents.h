// Documents that hold text -> the text that they hold. One function a format; all throw Fault(bad_input) for what is
// damaged or of another kind, and none depends on anything but its arguments.
#pragma once

#include "broker/text/extraction.h"

namespace lectern::text {

// HTML as it is found, well-formed or not; UTF-8. Read as a browser shows it, without scripts, forms and what is
// hidden.
Extracted extract_html(std::string_view html);
// EPUB 2 and 3: the spine in order, chapters from the navigation document or the NCX, else from headings.
Extracted extract_epub(std::string_view bytes);
// Word's document: word/document.xml with its notes.
Extracted extract_docx(std::string_view bytes);
// SubRip subtitles, UTF-8: the cues without numbers, times and formatting, joined to sentences.
Extracted extract_srt(std::string_view srt);
// Speech Synthesis Markup Language, UTF-8.
Extracted extract_ssml(std::string_view ssml);

// Cuts what was extracted, with the markup in brackets that it holds (SSML has its own).
Segmentation segment_extracted(Extracted extracted, const SegmenterOptions& options);

// The picture on the cover of an EPUB, or nothing.
struct Picture {
  std::string media_type;  // "image/jpeg"
  std::string bytes;
};
Picture epub_cover(std::string_view bytes);

}  // namespace lectern::text
