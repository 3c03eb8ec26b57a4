// Signs: said between words and figures (&, +, =), silent as marks of emphasis and of footnotes (*, _, [3]).
#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

std::u32string_view word_for(const Sentence& s, char32_t c) {
  for (const SignWord& sign : *s.language.signs)
    if (sign.sign[0] == c) return sign.word;
  return {};
}

// "word.[12]", "[^note]", "word[a]": where the mark ends, else 0.
std::size_t footnote_end(std::u32string_view text, std::size_t i) {
  if (text[i] != U'[') return 0;
  const bool named = at(text, i + 1) == U'^';
  if (!named && (i == 0 || is_space(before(text, i)))) return 0;
  std::size_t end = named ? i + 2 : i + 1;
  const std::size_t first = end;
  while (end < text.size() &&
         (named ? text[end] != U']' && !is_space(text[end]) : is_digit(text[end]) || text[end] == U'*'))
    ++end;
  if (end == first || (!named && end - first > 3) || at(text, end) != U']') return 0;
  return end + (at(text, end + 1) == U':' ? 2 : 1);
}

// Tags that stray into plain texts: <b>, </i>, <br/>. Where one ends, else 0.
std::size_t tag_end(std::u32string_view text, std::size_t i) {
  static constexpr std::u32string_view kTags[] = {U"b",  U"i",   U"u",   U"em",    U"strong", U"br",  U"p",
                                                  U"hr", U"sub", U"sup", U"small", U"span",   U"div", U"center",
                                                  U"h1", U"h2",  U"h3",  U"li",    U"ul",     U"ol"};
  if (text[i] != U'<') return 0;
  const std::size_t name = at(text, i + 1) == U'/' ? i + 2 : i + 1;
  const std::size_t end = word_end(text, name);
  std::size_t close = end;
  while (at(text, close) == U' ' || at(text, close) == U'/') ++close;
  if (at(text, close) != U'>') return 0;
  for (const auto tag : kTags)
    if (tag == text.substr(name, end - name)) return close + 1;
  return 0;
}

struct Superscript {
  char32_t sign;
  int value;
};
constexpr Superscript kSuperscripts[] = {{U'⁰', 0}, {U'¹', 1}, {U'²', 2}, {U'³', 3}, {U'⁴', 4},
                                         {U'⁵', 5}, {U'⁶', 6}, {U'⁷', 7}, {U'⁸', 8}, {U'⁹', 9}};

int superscript(char32_t c) {
  for (const Superscript& s : kSuperscripts)
    if (s.sign == c) return s.value;
  return -1;
}

// 10² is said; word² is the mark of a footnote.
Reading read_superscript(const Sentence& s, std::size_t i) {
  std::size_t end = i;
  std::int64_t value = 0;
  while (end < i + 9 && superscript(at(s.text, end)) >= 0) value = value * 10 + superscript(s.text[end++]);
  if (!is_digit(before(s.text, i)) || !s.language.english) return {end, {}};
  if (value == 2) return {end, U"squared"};
  if (value == 3) return {end, U"cubed"};
  return {end, U"to the power of " + s.spell.cardinal(value)};
}

struct Place {
  char32_t previous, next;           // the characters at both sides
  bool blanks;                       // a blank at both sides
  char32_t word_before, word_after;  // the characters beyond those blanks
};

// Whether a sign stands where it means something.
bool is_said(char32_t sign, const Place& p) {
  const bool left = is_word(p.word_before), right = is_word(p.word_after);
  switch (sign) {
    case U'#':
      return is_digit(p.next) && !is_word(p.previous);
    case U'~':
      return is_digit(p.next) && !is_word(p.previous);
    case U'*':
      return is_digit(p.word_before) && is_digit(p.word_after);
    case U'<':
    case U'>':
      return p.blanks && left && right;
    case U'@':
      return right;
    case U'+':
      return (left && right) || p.previous == U'+' || p.next == U'+';
    case U'=':
      return left && (right || p.next == U'=');
    case U'^':
      return is_digit(p.previous) && is_digit(p.next);
    case U'$':
    case U'£':
    case U'€':
      return left || right;
    case U'§':
    case U'¶':
    case U'№':
    case U'√':
      return right;
    case U'%':
    case U'‰':
    case U'°':
      return left;
    case U'−':
      return left || is_digit(p.next);
    case U'©':
      return left || right;
    default:
      return left || right;
  }
}

}  // namespace

std::optional<Reading> read_sign(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  const char32_t sign = text[i];
  if (const std::size_t end = footnote_end(text, i)) return Reading{end, {}};
  if (superscript(sign) >= 0) return read_superscript(s, i);
  if (const std::size_t end = tag_end(text, i)) return Reading{end, {}};
  if (sign == U'#' && s.language.english && is_upper(before(text, i)) && !is_word(at(text, i + 1)))
    return Reading{i + 1, U"sharp"};
  const Place place = {before(text, i), at(text, i + 1), before(text, i) == U' ' && at(text, i + 1) == U' ',
                       before(text, i) == U' ' ? at(text, i - 2) : before(text, i), at(text, skip_blank(text, i + 1))};
  if (sign == U'/' || sign == U'\\' || sign == U'|') {
    const bool per = sign == U'/' && s.language.english && is_digit(place.previous) && is_letter(place.next);
    if (per) return Reading{i + 1, U"per"};
    return Reading{i + 1,
                   sign == U'|' && place.previous != U'\0' && is_word(place.word_before) && is_word(place.word_after)
                       ? U","
                       : U" "};
  }
  const auto word = word_for(s, sign);
  if (!word.empty() && is_said(sign, place)) return Reading{i + 1, std::u32string(word)};
  const bool inside = is_word(place.previous) && is_word(place.next);
  constexpr std::u32string_view kSilent = U"*_`~^#<>=+†‡®™©@%$€£¥|•◦‣·§¶°№−×÷±≈≠≤≥→←↑↓⇒√∞¢₹";
  if (kSilent.find(sign) != kSilent.npos) return Reading{i + 1, inside ? U" " : U""};
  return std::nullopt;
}

}  // namespace lectern::text
