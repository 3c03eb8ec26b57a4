#include "broker/text/spellout.h"

#include <unicode/rbnf.h>

#include <map>

#include "broker/text/characters.h"
#include "config/fault.h"

namespace lectern::text {

struct Spellout::Rules {
  icu::RuleBasedNumberFormat format;
  icu::UnicodeString cardinal, ordinal, ordinal_feminine;

  Rules(const Language& language, UErrorCode& status)
      : format(icu::URBNF_SPELLOUT, icu::Locale(language.locale), status),
        cardinal(language.cardinal_rules, -1, US_INV),
        ordinal(language.ordinal_rules, -1, US_INV),
        ordinal_feminine(language.ordinal_feminine_rules, -1, US_INV) {}

  std::u32string say(std::int64_t value, const icu::UnicodeString& set) const {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeString words;
    icu::FieldPosition position(icu::FieldPosition::DONT_CARE);
    format.format(value, set, words, position, status);
    if (U_FAILURE(status)) throw Fault(Exit::internal, std::string("ICU cannot spell a number: ") + u_errorName(status));
    std::u32string spoken;
    for (std::int32_t i = 0; i < words.length(); i = words.moveIndex32(i, 1)) {
      const auto c = static_cast<char32_t>(words.char32At(i));
      if (c != 0xad && c != U',') spoken.push_back(c);  // its hints for hyphenation and grouping
    }
    return spoken;
  }
};

Spellout::Spellout(const Language& language) : language_(language) {
  UErrorCode status = U_ZERO_ERROR;
  rules_ = std::make_unique<Rules>(language, status);
  if (U_FAILURE(status))
    throw Fault(Exit::internal, std::string("ICU has no rules to spell numbers in ") + language.locale, "install ICU's data (libicu)");
}

Spellout::~Spellout() = default;

const Spellout& Spellout::of(const Language& language) {
  thread_local std::map<std::string_view, std::unique_ptr<Spellout>> known;
  auto& spellout = known[language.name];
  if (!spellout) spellout.reset(new Spellout(language));
  return *spellout;
}

std::u32string Spellout::cardinal(std::int64_t value) const { return rules_->say(value, rules_->cardinal); }

std::u32string Spellout::ordinal(std::int64_t value, bool feminine) const {
  return rules_->say(value, feminine ? rules_->ordinal_feminine : rules_->ordinal);
}

std::u32string Spellout::year(std::int64_t value) const {
  if (value < 1000 || value > 9999 || value % 1000 < 10) return cardinal(value);
  if (value % 100 == 0) return cardinal(value / 100) + U" hundred";
  return cardinal(value / 100) + (value % 100 < 10 ? U" oh-" : U" ") + cardinal(value % 100);
}

std::u32string Spellout::digits(std::u32string_view digits, bool oh) const {
  std::u32string spoken;
  for (char32_t c : digits) {
    if (!is_digit(c)) continue;
    if (!spoken.empty()) spoken += U' ';
    spoken += oh && c == U'0' ? U"oh" : cardinal(c - U'0');
  }
  return spoken;
}

std::u32string Spellout::whole(std::u32string_view digits) const {
  if (digits.size() > 15 || (digits.size() > 1 && digits[0] == U'0')) return this->digits(digits);
  std::int64_t value = 0;
  for (char32_t c : digits) value = value * 10 + static_cast<std::int64_t>(c - U'0');
  return cardinal(value);
}

}  // namespace lectern::text
