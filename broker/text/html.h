// HTML and XHTML, well-formed or not, read with libxml2 into an extraction.
#pragma once

#include <string>
#include <string_view>

#include "broker/text/extraction.h"

namespace lectern::text {

struct HtmlFacts {
  std::string title, author;  // of the page's head
};

// Adds a page to what was extracted before. `file` begins the names of its anchors: "file" for the page itself,
// "file#id" for what has an id. Throws Fault(bad_input) when it is nested too deeply to be read.
HtmlFacts read_html(std::string_view html, const std::string& file, Extraction& into);

}  // namespace lectern::text
