// What is the same in every language: invisible characters, blanks, quotes, dashes, ellipses.
#pragma once

#include <string>
#include <string_view>

namespace lectern::text {

// Before reading: composed (NFC), no invisible characters, digits of all scripts as ASCII, white space as single blanks.
std::u32string clean(std::u32string_view text);

// After reading: ‘ ’ as apostrophes or quotes “ ”, -- as —, ... as …, no signs and pictures that are not said, no blanks
// before commas.
std::u32string set_type(std::u32string_view text);

}  // namespace lectern::text
