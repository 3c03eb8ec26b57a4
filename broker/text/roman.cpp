#include "broker/text/roman.h"

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

struct Numeral {
  std::u32string_view upper, lower;
  int value;
};

constexpr Numeral kNumerals[] = {{U"M", U"m", 1000}, {U"CM", U"cm", 900}, {U"D", U"d", 500}, {U"CD", U"cd", 400},
                                 {U"C", U"c", 100},  {U"XC", U"xc", 90},  {U"L", U"l", 50},  {U"XL", U"xl", 40},
                                 {U"X", U"x", 10},   {U"IX", U"ix", 9},   {U"V", U"v", 5},   {U"IV", U"iv", 4},
                                 {U"I", U"i", 1}};

}  // namespace

int roman_value(std::u32string_view word) {
  if (word.empty() || word.size() > 15) return 0;
  const bool capital = is_upper(word[0]);
  int value = 0;
  std::size_t i = 0;
  for (const Numeral& numeral : kNumerals) {
    const auto sign = capital ? numeral.upper : numeral.lower;
    const bool repeats = sign.size() == 1 && sign != U"D" && sign != U"d" && sign != U"L" && sign != U"l" && sign != U"V" && sign != U"v";
    for (int times = 0; times < (repeats ? 3 : 1) && word.substr(i).starts_with(sign); ++times) {
      value += numeral.value;
      i += sign.size();
    }
  }
  // "IXI", "CMC": a subtracted sign must not be followed by what it was taken from; the value says so when spelt again.
  if (i != word.size()) return 0;
  std::u32string again;
  int rest = value;
  for (const Numeral& numeral : kNumerals)
    for (; rest >= numeral.value; rest -= numeral.value) again += capital ? numeral.upper : numeral.lower;
  return again == word ? value : 0;
}

}  // namespace lectern::text
