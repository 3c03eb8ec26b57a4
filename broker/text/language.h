// The languages of voices, and the words that each needs to read signs and figures aloud.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lectern::text {

struct Currency {
  std::u32string_view sign;              // "$", "US$", "EUR"
  std::u32string_view one, many;         // "dollar", "dollars"
  std::u32string_view minor_one, minor;  // "cent", "cents"; empty when it has none
};

struct SignWord {
  std::u32string_view sign, word;
};

// All text is data: adding a language is adding a row.
struct Language {
  std::string_view name;                  // "en-us"
  const char* locale;                     // ICU's
  const char* cardinal_rules;             // ICU's rule sets
  const char* ordinal_rules;
  const char* ordinal_feminine_rules;
  char32_t decimal_sign, group_sign;      // 3.14 and 1,000
  bool english;                           // the readers of English apply
  bool month_first;                       // 5/12 is May 12th
  std::u32string_view point, percent, to, minus;   // 3 "point" 1; 5 "percent"; 10 "to" 20
  std::u32string_view and_, and_of_money;          // five dollars "and" twenty cents
  std::u32string_view hour_joint, hour_end;        // 10:30 -> ten HOUR_JOINT thirty HOUR_END
  std::u32string_view over;                        // 3/7 -> three OVER seven; English uses it beyond small fractions
  std::u32string_view dot, slash;                  // in web addresses
  const std::vector<Currency>* currencies;
  const std::vector<SignWord>* signs;              // &, +, =, @ ... between words or figures
};

// Throws Fault(bad_input) for a language without a row; "en", "en_US" and "pt" find theirs.
const Language& find_language(std::string_view name);

}  // namespace lectern::text
