// How a reader would say it; reader.h tells how it works.
#include "broker/text/characters.h"
#include "broker/text/reader.h"
#include "broker/text/segmenter.h"
#include "broker/text/typography.h"

namespace lectern::text {
namespace {

constexpr Reader kAtFigures[] = {read_address,   read_numeric_date, read_clock,    read_long_digits, read_decade,
                                 read_day_month, read_ordinal, read_money, read_range, read_quantity, read_year,
                                 read_number,    read_sign};
// The first is for every language, the others for English.
constexpr Reader kAtWords[] = {read_address, read_month_day, read_roman, read_abbreviation, read_money};

enum class Kind : unsigned char { plain, word, figure, sign };

Kind kind_of(char32_t c) {
  if (c < 128) {
    if (is_letter(c)) return Kind::word;
    if (is_digit(c)) return Kind::figure;
    return std::u32string_view(U"$+#&%@=*_`~^<>/\\|[").find(c) != std::u32string_view::npos ? Kind::figure : Kind::plain;
  }
  if (is_letter(c) || is_mark(c)) return Kind::word;
  if (c == U'“' || c == U'”' || c == U'‘' || c == U'’' || c == U'—' || c == U'–' || c == U'…') return Kind::plain;
  return Kind::figure;
}

// Signs that matter only right before a figure: -5, .5, (555), '69.
bool may_lead_figure(char32_t c) { return c == U'-' || c == U'.' || c == U'(' || c == U'\'' || c == U'’' || c == U'‘'; }

// Most sentences hold no web address; then nobody needs to look for one at every word.
bool may_hold_address(std::u32string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] == U'@' || ((text[i] == U'.' || text[i] == U'/') && (is_letter(text[i + 1]) || text[i + 1] == U'/'))) return true;
  return false;
}

std::optional<Reading> ask(const Sentence& s, std::size_t i, const Reader* first, const Reader* last) {
  for (; first != last; ++first)
    if (auto reading = (*first)(s, i)) return reading;
  return std::nullopt;
}

// Words are set apart from what stands around them; commas and blanks are not.
void put(std::u32string& out, const std::u32string& spoken) {
  if (!out.empty() && is_word(out.back()) && !spoken.empty() && is_word(spoken[0])) out += U' ';
  out += spoken;
}

std::u32string read_aloud(const Sentence& s) {
  const auto text = s.text;
  std::u32string out;
  out.reserve(text.size() + text.size() / 4);
  const int no_address = may_hold_address(text) ? 0 : 1;
  bool spoke = false;  // what stands last in `out` was put in the place of figures
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = text[i];
    const Kind kind = kind_of(c);
    std::optional<Reading> reading;
    if (kind == Kind::figure || (may_lead_figure(c) && is_digit(at(text, i + 1)))) {
      reading = ask(s, i, std::begin(kAtFigures) + no_address, std::end(kAtFigures));
    } else if (kind == Kind::word && !is_word(before(text, i))) {
      reading = ask(s, i, std::begin(kAtWords) + no_address, s.language.english ? std::end(kAtWords) : std::begin(kAtWords) + 1);
    }
    if (reading && reading->end > i) {
      put(out, reading->spoken);
      spoke = !reading->spoken.empty();
      i = reading->end;
      continue;
    }
    std::size_t end = i + 1;
    if (kind == Kind::word)
      while (end < text.size() && kind_of(text[end]) == Kind::word) ++end;
    if (c == U'.' && is_word(before(text, i)) && is_word(at(text, end)) && (is_digit(before(text, i)) || is_digit(at(text, end)))) {
      out += is_lower(at(text, end + 1)) ? U". " : U" ";  // 1.F.3; 3.The next
      i = end;
      continue;
    }
    if (spoke && c == U'(') out += U' ';
    if (spoke && is_word(c) && !out.empty() && is_word(out.back())) out += U' ';
    out += text.substr(i, end - i);
    if (c == U',' && is_digit(before(text, i)) && is_digit(at(text, end))) out += U' ';
    spoke = false;
    i = end;
  }
  return out;
}

}  // namespace

std::size_t word_end(std::u32string_view text, std::size_t i) {
  while (i < text.size() && is_word(text[i])) ++i;
  return i;
}

std::u32string_view word_before(std::u32string_view text, std::size_t i) {
  while (i > 0 && (text[i - 1] == U' ' || text[i - 1] == U'.' || text[i - 1] == U',')) --i;
  const std::size_t end = i;
  while (i > 0 && is_word(text[i - 1])) --i;
  return text.substr(i, end - i);
}

std::size_t skip_blank(std::u32string_view text, std::size_t i) { return at(text, i) == U' ' ? i + 1 : i; }

std::string normalise(std::string_view sentence, const std::string& language) {
  const Language& known = find_language(language);
  const auto cleaned = clean(to_code_points(sentence));
  return to_utf8(set_type(read_aloud({cleaned, known, Spellout::of(known)})));
}

}  // namespace lectern::text
