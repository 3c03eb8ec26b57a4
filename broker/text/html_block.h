// A block of HTML inside Markdown: which of its characters a person reads. Tags and comments are none, nor what the
// elements hold that html_rules.h leaves out.
#pragma once

#include <string>

namespace lectern::text {

class HtmlBlock {
 public:
  enum class Kind { text, nothing, entry_end };  // entry_end: a tag ends with it that stands between lines

  // What the next character is.
  Kind take(char32_t c);

 private:
  Kind end_tag();

  std::u32string tag_;    // the one that is open, from its bracket on
  std::string left_out_;  // the element that is not read
};

}  // namespace lectern::text
