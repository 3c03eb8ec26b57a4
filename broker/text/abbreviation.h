// Abbreviations: how they are read (English), and that their full stop does not end a sentence (every language).
#pragma once

#include <string_view>

#include "broker/text/language.h"

namespace lectern::text {

enum class Where {
  anywhere,
  before_name,     // a word with a capital follows: Dr. Smith, St. Paul
  before_number,   // a figure or Roman numeral follows: No. 5, Vol. II
  after_name,      // a word with a capital or a figure goes before: Elm St., Smith Jr.
};

struct Abbreviation {
  std::u32string_view written;   // without its last full stop
  std::u32string_view spoken;    // empty: left as it is
  Where where;
  bool full_stop;                // it is no abbreviation without one
  bool may_end;                  // its full stop may end a sentence as well
};

// The row for the word [begin, end) of `text` (inner full stops included, the last one not), if it stands where it must.
const Abbreviation* find_abbreviation(std::u32string_view text, std::size_t begin, std::size_t end);

// Whether the full stop after [begin, end) is none that ends a sentence; `next` is where the next word begins.
bool is_abbreviation_stop(const Language& language, std::u32string_view text, std::size_t begin, std::size_t end, std::size_t next);

// The end of a word together with inner full stops: "e.g", "U.S", "a.k.a".
std::size_t dotted_word_end(std::u32string_view text, std::size_t i);

}  // namespace lectern::text
