// What becomes of the elements of HTML when they are read aloud.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>

#include "config/reading.h"

namespace lectern::text {

enum class Element {
  inside,   // part of the running text
  block,    // stands on lines of its own
  heading,  // h1 to h6
  item,     // of a list
  row,      // of a table
  cell,
  line,  // a forced line end
  rule,
  picture,  // its description is kept and not spoken
  preformatted,
  kept,     // its text is kept and not spoken: left_out_reason()
  nothing,  // holds nothing to read
};

Element element_of(const xmlNode* node);
Element element_named(std::string_view name);  // in lower case
bool is_void(std::string_view name);           // never has an end tag
int heading_level(const xmlNode* node);  // 1 to 6
// Why the text of the element is not spoken; empty: it is.
std::string left_out_reason(const xmlNode* node);
// The part of a book that the element says it is; body: it says nothing.
ScriptPart part_of(const xmlNode* node);
// The number of a footnote in the running text, or of a page: neither text nor spoken.
bool is_reference_mark(const xmlNode* node);
bool is_code(const xmlNode* preformatted);

std::string_view name_of(const xmlNode* node);
std::string attribute(const xmlNode* node, const char* name);
std::string content_of(const xmlNode* node);

}  // namespace lectern::text
