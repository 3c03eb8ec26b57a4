#include "broker/text/amount.h"

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

struct Vulgar {
  char32_t sign;
  int over, under;
};

constexpr Vulgar kVulgar[] = {{U'½', 1, 2}, {U'⅓', 1, 3}, {U'⅔', 2, 3}, {U'¼', 1, 4}, {U'¾', 3, 4}, {U'⅕', 1, 5}, {U'⅖', 2, 5},
                              {U'⅗', 3, 5}, {U'⅘', 4, 5}, {U'⅙', 1, 6}, {U'⅚', 5, 6}, {U'⅐', 1, 7}, {U'⅛', 1, 8}, {U'⅜', 3, 8},
                              {U'⅝', 5, 8}, {U'⅞', 7, 8}, {U'⅑', 1, 9}, {U'⅒', 1, 10}};

const Vulgar* find_vulgar(char32_t c) {
  if (c < 0xbc) return nullptr;
  for (const Vulgar& vulgar : kVulgar)
    if (vulgar.sign == c) return &vulgar;
  return nullptr;
}

bool groups(const Language& language, char32_t c) {
  return c == language.group_sign || c == U'\u202f' || (c == U' ' && language.group_sign == U'\u202f');
}

std::size_t digits_end(std::u32string_view text, std::size_t i) {
  while (is_digit(at(text, i))) ++i;
  return i;
}

// 1,000,000 and 10,00,000 (as written in India).
std::size_t read_whole(const Sentence& s, std::size_t i, Amount& amount) {
  const auto text = s.text;
  std::size_t end = digits_end(text, i);
  amount.whole.assign(text.substr(i, end - i));
  if (end - i > 3) return end;
  while (groups(s.language, at(text, end))) {
    const std::size_t next = digits_end(text, end + 1), length = next - end - 1;
    const bool indian = length == 2 && groups(s.language, at(text, next)) && is_digit(at(text, next + 1));
    if (length != 3 && !indian) break;
    amount.whole.append(text.substr(end + 1, length));
    amount.grouped = true;
    end = next;
  }
  return end;
}

// "1/2" at `i`, small numbers only; 0 when there is none.
std::size_t read_slash(std::u32string_view text, std::size_t i, Amount& amount) {
  const std::size_t stroke = digits_end(text, i);
  if (stroke == i || stroke - i > 3 || (at(text, stroke) != U'/' && at(text, stroke) != U'⁄')) return 0;
  const std::size_t end = digits_end(text, stroke + 1);
  if (end == stroke + 1 || end - stroke > 4 || at(text, end) == U'/' || is_letter(at(text, end)) || is_letter(before(text, i))) return 0;
  const auto number = [&](std::size_t from, std::size_t to) {
    int value = 0;
    for (; from < to; ++from) value = value * 10 + static_cast<int>(text[from] - U'0');
    return value;
  };
  amount.over = number(i, stroke);
  amount.under = number(stroke + 1, end);
  return amount.under > 0 ? end : 0;
}

std::u32string say_fraction(const Amount& amount, const Sentence& s, bool after_whole) {
  const std::int64_t over = amount.over, under = amount.under;
  if (!s.language.english || under == 1 || (under > 20 && under % 10 != 0) || under > 100 || over > 99)
    return s.spell.cardinal(over) + U' ' + std::u32string(s.language.over) + U' ' + s.spell.cardinal(under);
  const bool one = over == 1;
  std::u32string name = under == 2 ? (one ? U"half" : U"halves") : under == 4 ? (one ? U"quarter" : U"quarters") : s.spell.ordinal(under);
  if (under != 2 && under != 4 && !one) name += U's';
  return (after_whole && one && under == 2 ? U"a" : s.spell.cardinal(over)) + U' ' + name;
}

}  // namespace

std::int64_t Amount::value() const {
  if (whole.size() > 15) return -1;
  std::int64_t value = 0;
  for (char32_t c : whole) value = value * 10 + static_cast<std::int64_t>(c - U'0');
  return value;
}

bool amount_may_begin(std::u32string_view text, std::size_t i) {
  const char32_t previous = before(text, i);
  if (is_word(previous)) return false;
  return !(previous == U'.' && i >= 2 && is_digit(text[i - 2]));
}

std::optional<Amount> parse_amount(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  Amount amount;
  if (at(text, i) == U'-' || at(text, i) == U'−') {
    if (!is_digit(at(text, i + 1)) && at(text, i + 1) != s.language.decimal_sign) return std::nullopt;
    const char32_t previous = before(text, i);
    if (is_word(previous) || is_dash(previous) || is_closing(previous) || previous == U'.' || previous == U'%') return std::nullopt;
    amount.negative = true;
    ++i;
  }
  const auto vulgar = [&](std::size_t place) {
    const Vulgar* sign = find_vulgar(at(text, place));
    if (!sign) return false;
    amount.over = sign->over;
    amount.under = sign->under;
    amount.end = place + 1;
    return true;
  };
  if (vulgar(i)) return amount;
  if (at(text, i) == s.language.decimal_sign && is_digit(at(text, i + 1))) {
    if (is_word(before(text, i)) || before(text, i) == at(text, i)) return std::nullopt;
    amount.end = digits_end(text, i + 1);
    amount.decimals.assign(text.substr(i + 1, amount.end - i - 1));
    return amount;
  }
  if (!is_digit(at(text, i))) return std::nullopt;
  if (const std::size_t end = read_slash(text, i, amount)) {
    amount.end = end;
    return amount;
  }
  amount.end = read_whole(s, i, amount);
  if (at(text, amount.end) == s.language.decimal_sign && is_digit(at(text, amount.end + 1))) {
    const std::size_t end = digits_end(text, amount.end + 1);
    amount.decimals.assign(text.substr(amount.end + 1, end - amount.end - 1));
    amount.end = end;
    return amount;
  }
  if (vulgar(amount.end)) return amount;
  if (at(text, amount.end) == U' ' && amount.whole.size() <= 3 && !amount.grouped) {
    if (vulgar(amount.end + 1)) return amount;
    Amount part;
    const std::size_t end = read_slash(text, amount.end + 1, part);
    if (end > 0 && part.over < part.under && part.under <= 64) {
      amount.over = part.over;
      amount.under = part.under;
      amount.end = end;
    }
  }
  return amount;
}

std::u32string say(const Amount& amount, const Sentence& s) {
  std::u32string spoken;
  const auto add = [&](std::u32string_view words) {
    if (!spoken.empty()) spoken += U' ';
    spoken += words;
  };
  if (amount.negative) add(s.language.minus);
  if (!amount.whole.empty()) add(s.spell.whole(amount.whole));
  if (!amount.decimals.empty()) {
    add(s.language.point);
    add(s.spell.digits(amount.decimals));
  }
  if (amount.under > 0) {
    const bool after_whole = !amount.whole.empty();
    if (after_whole) add(s.language.and_);
    add(say_fraction(amount, s, after_whole));
  }
  return spoken;
}

}  // namespace lectern::text
