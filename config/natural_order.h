// The order in which a person counts: "part 2" before "part 10".
#pragma once

#include <string_view>

namespace lectern {

// Runs of digits compare as numbers, letters of ASCII without regard to case; names that are equal so far compare byte
// by byte, so that the order is total.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace lectern
