// Amounts as they are written: 5, 1,000,000, 3.14, .5, -2, 1/2, 2 1/2, 2½.
#pragma once

#include <optional>

#include "broker/text/reader.h"

namespace lectern::text {

struct Amount {
  std::size_t end = 0;
  std::u32string whole, decimals;    // ASCII digits, groups joined; both empty for a fraction alone
  int over = 0, under = 0;           // the fraction over/under, when there is one
  bool negative = false;
  bool grouped = false;

  bool integer() const { return decimals.empty() && under == 0; }
  bool one() const { return integer() && whole == U"1"; }
  // Of an integer; beyond 15 digits, -1.
  std::int64_t value() const;
};

// The amount that begins at `i` (a sign, a digit, a fraction or the decimal point before a digit).
std::optional<Amount> parse_amount(const Sentence& sentence, std::size_t i);
std::u32string say(const Amount& amount, const Sentence& sentence);

// Whether an amount may begin at `i`: no letter or figure goes right before it.
bool amount_may_begin(std::u32string_view text, std::size_t i);

}  // namespace lectern::text
