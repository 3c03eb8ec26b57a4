// Figures to words, by ICU's spell-out rules of a language. One object a language and thread, made on first use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/text/language.h"

namespace lectern::text {

class Spellout {
 public:
  static const Spellout& of(const Language& language);
  ~Spellout();

  std::u32string cardinal(std::int64_t value) const;
  std::u32string ordinal(std::int64_t value, bool feminine = false) const;
  std::u32string year(std::int64_t value) const;              // English: 1865 -> eighteen sixty-five
  // Digits one by one: "2026" -> two zero two six. English reads 0 as "zero" or, `oh` set, as "oh".
  std::u32string digits(std::u32string_view digits, bool oh = false) const;
  // A number of any length from its digits: a cardinal up to 15 digits, else digit by digit.
  std::u32string whole(std::u32string_view digits) const;

 private:
  explicit Spellout(const Language& language);
  struct Rules;
  std::unique_ptr<Rules> rules_;
  const Language& language_;
};

}  // namespace lectern::text
