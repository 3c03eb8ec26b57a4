// Which lines of a plain text are headings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/segmenter.h"

namespace lectern::text {

// One line of a plain text, without its line end.
struct Line {
  std::size_t begin = 0, end = 0;    // in the script; white space at both sides left out
  std::size_t indent = 0;            // columns before `begin`, tabs to multiples of 8
  std::u32string_view text;          // [begin, end)
  enum class Kind { blank, rule, text } kind = Kind::blank;
};

// What surrounds a stanza (lines without a blank one between them).
struct Surroundings {
  std::size_t width = 72;            // columns of the text
  std::size_t base_indent = 0;       // of ordinary lines
  std::size_t blank_before = 0;      // blank lines before the stanza; large at the start of the script
  bool after_chapter = false;        // the stanza before is a chapter heading without a title
  bool underlined = false;           // a line of strokes follows at once
  char32_t underline = U'\0';
};

struct Heading {
  std::size_t lines = 1;             // how many lines of the stanza it takes
  Break before = Break::section;     // chapter or section
  bool lacks_title = false;          // "CHAPTER I." alone
  bool numbered = false;             // it begins "CHAPTER I"
};

std::optional<Heading> find_heading(const std::vector<Line>& stanza, const Surroundings& surroundings,
                                    const std::string& language);

}  // namespace lectern::text
