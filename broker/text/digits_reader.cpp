// Strings of digits that are names rather than numbers: telephones, versions, 007, card numbers.
#include <vector>

#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

struct Groups {
  std::vector<std::u32string_view> digits;
  std::size_t end = 0;
  bool international = false, bracketed = false, blanks = false, hyphens = false;
};

// "+44 20 7946 0958", "(555) 123-4567", "555-1234": groups of digits with single separators.
Groups split_groups(std::u32string_view text, std::size_t i) {
  Groups groups;
  if (at(text, i) == U'+') {
    groups.international = true;
    ++i;
  }
  while (i < text.size()) {
    std::size_t first = i;
    bool bracket = at(text, first) == U'(';
    if (bracket) ++first;
    std::size_t last = first;
    while (is_digit(at(text, last))) ++last;
    if (last == first) break;
    if (bracket && at(text, last) != U')') break;
    groups.digits.push_back(text.substr(first, last - first));
    groups.end = bracket ? last + 1 : last;
    groups.bracketed = groups.bracketed || bracket;
    const char32_t next = at(text, groups.end);
    const char32_t after = at(text, groups.end + 1);
    if (next != U'-' && next != U'\u2011' && next != U' ' && !(bracket && is_digit(next))) break;
    if (!(bracket && is_digit(next)) && !is_digit(after) && after != U'(') break;
    groups.blanks = groups.blanks || next == U' ';
    groups.hyphens = groups.hyphens || next == U'-' || next == U'\u2011';
    i = groups.end + (is_digit(next) ? 0 : 1);
  }
  return groups;
}

bool is_telephone(const Groups& groups) {
  const auto& d = groups.digits;
  std::size_t total = 0;
  for (const auto& group : d) total += group.size();
  if (d.size() < 2 || total < 7 || total > 17) return false;
  if (groups.international || groups.bracketed) return true;
  if (!groups.hyphens || groups.blanks) return false;
  if (d.size() == 2) return (d[0].size() == 3 && d[1].size() == 4) || (total >= 9 && d[0].size() != d[1].size());
  return !(d.size() == 3 && d[0].size() == 4 && d[1].size() <= 2);  // 2024-05-01 is a date
}

std::size_t run_end(std::u32string_view text, std::size_t i) {
  while (is_digit(at(text, i))) ++i;
  return i;
}

bool is_name(std::u32string_view digits) {
  if (digits.size() > 1 && digits[0] == U'0') return true;
  return digits.size() >= 7 && digits.substr(digits.size() - 3) != U"000";
}

// 1.2.3 and 192.168.0.1, each part a number.
std::optional<Reading> read_dotted(const Sentence& s, std::size_t i) {
  std::vector<std::u32string_view> parts;
  std::size_t end = i;
  for (;;) {
    const std::size_t last = run_end(s.text, end);
    parts.push_back(s.text.substr(end, last - end));
    end = last;
    if (at(s.text, end) != U'.' || !is_digit(at(s.text, end + 1))) break;
    ++end;
  }
  if (parts.size() < 3) return std::nullopt;
  if (parts.size() == 3 && s.language.group_sign == U'.' && parts[1].size() == 3 && parts[2].size() == 3) return std::nullopt;
  Reading reading{end, {}};
  for (const auto& part : parts) {
    if (!reading.spoken.empty()) reading.spoken += U' ' + std::u32string(parts.size() == 3 ? s.language.point : s.language.dot) + U' ';
    reading.spoken += s.spell.whole(part);
  }
  return reading;
}

}  // namespace

std::optional<Reading> read_long_digits(const Sentence& s, std::size_t i) {
  if (is_word(before(s.text, i)) || before(s.text, i) == U'-') return std::nullopt;
  const char32_t first = at(s.text, i);
  if (first == U'+' || first == U'(' || is_digit(first)) {
    const Groups groups = split_groups(s.text, i);
    if (is_telephone(groups) && !is_word(at(s.text, groups.end))) {
      Reading reading{groups.end, groups.international ? U"plus" : U""};
      for (const auto& group : groups.digits) {
        if (!reading.spoken.empty()) reading.spoken += &group == &groups.digits.front() ? U" " : U", ";
        reading.spoken += s.spell.digits(group);
      }
      return reading;
    }
  }
  if (!is_digit(first)) return std::nullopt;
  if (auto dotted = read_dotted(s, i)) return dotted;
  const std::size_t end = run_end(s.text, i);
  const char32_t next = at(s.text, end);
  const bool goes_on = (next == s.language.decimal_sign || next == s.language.group_sign || next == U':' || next == U'/') && is_digit(at(s.text, end + 1));
  if (goes_on || is_letter(next) || !is_name(s.text.substr(i, end - i))) return std::nullopt;
  return Reading{end, s.spell.digits(s.text.substr(i, end - i))};
}

}  // namespace lectern::text
