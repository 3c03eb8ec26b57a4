// How normalise() works: it walks over a sentence; at every figure, word and sign it asks the readers below, in order,
// whether they know how to say what begins there. The first one that does replaces its stretch; what no reader claims is
// copied. A reader looks at the written text only, never at what was spoken before.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/text/language.h"
#include "broker/text/spellout.h"

namespace lectern::text {

struct Sentence {
  std::u32string_view text;      // white space is single blanks
  const Language& language;
  const Spellout& spell;
};

struct Reading {
  std::size_t end = 0;           // the stretch [i, end) is read
  std::u32string spoken;         // so; empty: silently (marks of emphasis, of footnotes)
};

using Reader = std::optional<Reading> (*)(const Sentence& sentence, std::size_t i);

// At a figure, or at a sign that may belong to one.
std::optional<Reading> read_long_digits(const Sentence&, std::size_t i);   // telephones, versions, 007, 12-digit strings
std::optional<Reading> read_numeric_date(const Sentence&, std::size_t i);  // 2024-05-01, 5/12/2020
std::optional<Reading> read_clock(const Sentence&, std::size_t i);         // 10:30, 9 a.m.
std::optional<Reading> read_day_month(const Sentence&, std::size_t i);     // 4 March 1999 (English)
std::optional<Reading> read_money(const Sentence&, std::size_t i);         // $5.20, 20 €
std::optional<Reading> read_decade(const Sentence&, std::size_t i);        // 1990s (English)
std::optional<Reading> read_ordinal(const Sentence&, std::size_t i);       // 22nd, 1ª
std::optional<Reading> read_range(const Sentence&, std::size_t i);         // 1914-1918
std::optional<Reading> read_quantity(const Sentence&, std::size_t i);      // 5 km, 50 %, 2½
std::optional<Reading> read_year(const Sentence&, std::size_t i);          // 1865 (English)
std::optional<Reading> read_number(const Sentence&, std::size_t i);        // all other figures

// At the first letter of a word.
std::optional<Reading> read_address(const Sentence&, std::size_t i);       // https://..., a@b.org; at figures as well
std::optional<Reading> read_month_day(const Sentence&, std::size_t i);     // March 4th, 1999 (English)
std::optional<Reading> read_roman(const Sentence&, std::size_t i);         // Chapter IV, Henry VIII (English)
std::optional<Reading> read_abbreviation(const Sentence&, std::size_t i);  // Mr., e.g. (English)

// At a sign.
std::optional<Reading> read_sign(const Sentence&, std::size_t i);

// The end of the word that begins at `i`, and the word before `i` (over blanks, a full stop and a comma if asked for).
std::size_t word_end(std::u32string_view text, std::size_t i);
std::u32string_view word_before(std::u32string_view text, std::size_t i);
// `i`, or the place after one blank.
std::size_t skip_blank(std::u32string_view text, std::size_t i);

}  // namespace lectern::text
