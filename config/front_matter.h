// Front matter: settings at the head of a script, between a first line "---" and the next line "---" or "...". It is
// never spoken.
//
//   ---
//   voice: bf_emma
//   title: The First Day
//   ---
//   The text begins here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/script_settings.h"

namespace lectern {

// Bytes of the front matter of a decoded script (UTF-8), its last line end included; 0: there is none. A rule "---"
// that opens ordinary text is none: the line after it must read "key:" or be a comment.
std::size_t front_matter_bytes(std::string_view script);

// What the front matter says. Throws Fault(bad_input) naming `file`, the line and the key.
ScriptSettings read_front_matter(std::string_view script, const std::string& file);

}  // namespace lectern
