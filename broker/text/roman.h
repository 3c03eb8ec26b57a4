// Roman numerals.
#pragma once

#include <string_view>

namespace lectern::text {

// 1 to 3999 for a well-formed Roman numeral in one case ("XIV", "xiv"), else 0.
int roman_value(std::u32string_view word);

}  // namespace lectern::text
