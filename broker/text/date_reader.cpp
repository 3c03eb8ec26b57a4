// Dates in figures (every language) and with the English names of months.
#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

struct Month {
  std::u32string_view name, shorter;
};

constexpr Month kMonths[] = {{U"January", U"Jan"}, {U"February", U"Feb"}, {U"March", U"Mar"},      {U"April", U"Apr"},
                             {U"May", U"May"},     {U"June", U"Jun"},     {U"July", U"Jul"},       {U"August", U"Aug"},
                             {U"September", U"Sep"}, {U"October", U"Oct"}, {U"November", U"Nov"}, {U"December", U"Dec"}};

struct Figure {
  std::size_t end = 0;
  int value = 0;
  std::size_t length = 0;
};

Figure figure(std::u32string_view text, std::size_t i) {
  Figure figure{i, 0, 0};
  while (is_digit(at(text, figure.end)) && figure.length < 6) {
    figure.value = figure.value * 10 + static_cast<int>(text[figure.end] - U'0');
    ++figure.end;
    ++figure.length;
  }
  return figure;
}

// The month named at `i`, 1 to 12, and where its name ends ("Sept." with its full stop).
int month_at(std::u32string_view text, std::size_t i, std::size_t& end) {
  end = word_end(text, i);
  const auto word = text.substr(i, end - i);
  if (word.size() < 3) return 0;
  for (int m = 0; m < 12; ++m) {
    const bool shorter = word == kMonths[m].shorter || (m == 8 && word == U"Sept");
    if (word != kMonths[m].name && !shorter) continue;
    if (shorter && m != 4 && at(text, end) == U'.') ++end;
    return m + 1;
  }
  return 0;
}

std::size_t ordinal_suffix(std::u32string_view text, std::size_t i) {
  const auto suffix = text.substr(std::min(i, text.size()), 2);
  const bool known = suffix == U"st" || suffix == U"nd" || suffix == U"rd" || suffix == U"th";
  return known && !is_word(at(text, i + 2)) ? i + 2 : i;
}

bool is_day(const Figure& f) { return f.length >= 1 && f.length <= 2 && f.value >= 1 && f.value <= 31; }
bool is_month(const Figure& f) { return f.length >= 1 && f.length <= 2 && f.value >= 1 && f.value <= 12; }

// "1999" after an optional comma; the place where it ends, else 0.
std::size_t year_at(std::u32string_view text, std::size_t i, int& year) {
  std::size_t start = i;
  if (at(text, start) == U',') ++start;
  start = skip_blank(text, start);
  if (start == i) return 0;
  const Figure f = figure(text, start);
  if (f.length != 4 || f.value < 1000 || f.value > 2999 || is_word(at(text, f.end))) return 0;
  if ((at(text, f.end) == U'.' || at(text, f.end) == U',' || at(text, f.end) == U':') && is_digit(at(text, f.end + 1))) return 0;
  year = f.value;
  return f.end;
}

std::u32string say_year(const Sentence& s, int year) { return s.language.english ? s.spell.year(year) : s.spell.cardinal(year); }

// Day, month and year in the language's order. `the`: whether "the" stands before it already.
std::u32string say_date(const Sentence& s, int day, int month, int year, bool the = false) {
  const auto name = std::u32string(kMonths[month - 1].name);
  const auto suffix = year > 0 ? U", " + say_year(s, year) : U"";
  if (s.language.month_first) return name + U' ' + s.spell.ordinal(day) + suffix;
  return (the ? U"" : U"the ") + s.spell.ordinal(day) + U" of " + name + suffix;
}

bool after_the(std::u32string_view text, std::size_t i) { return lower(word_before(text, i)) == U"the"; }

std::optional<Reading> read_iso(const Sentence& s, const Figure& year) {
  const auto text = s.text;
  const char32_t stroke = at(text, year.end);
  if (year.length != 4 || (stroke != U'-' && stroke != U'/' && stroke != U'\u2011')) return std::nullopt;
  const Figure month = figure(text, year.end + 1);
  if (!is_month(month) || at(text, month.end) != stroke) return std::nullopt;
  const Figure day = figure(text, month.end + 1);
  if (!is_day(day) || is_word(at(text, day.end)) || (is_dash(at(text, day.end)) && is_digit(at(text, day.end + 1)))) return std::nullopt;
  if (s.language.english) return Reading{day.end, say_date(s, day.value, month.value, year.value)};
  return Reading{day.end, s.spell.cardinal(day.value) + U' ' + s.spell.cardinal(month.value) + U' ' + say_year(s, year.value)};
}

int full_year(const Figure& year) {
  if (year.length == 4) return year.value;
  return year.length == 2 ? year.value + (year.value < 50 ? 2000 : 1900) : 0;
}

}  // namespace

std::optional<Reading> read_numeric_date(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!is_digit(at(text, i)) || is_word(before(text, i)) || before(text, i) == U'/') return std::nullopt;
  const Figure a = figure(text, i);
  if (auto iso = read_iso(s, a)) return iso;
  const char32_t stroke = at(text, a.end);
  if (a.length > 2 || (stroke != U'/' && stroke != U'.' && stroke != U'-')) return std::nullopt;
  const Figure b = figure(text, a.end + 1);
  if (b.length < 1 || b.length > 2 || at(text, b.end) != stroke) return std::nullopt;
  const Figure c = figure(text, b.end + 1);
  const int year = full_year(c);
  if (year == 0 || (c.length == 2 && stroke != U'/') || is_word(at(text, c.end)) || at(text, c.end) == U'/') return std::nullopt;
  const bool month_first = s.language.month_first && stroke != U'.' ? is_month(a) && is_day(b) : !(is_day(a) && is_month(b));
  const Figure& month = month_first ? a : b;
  const Figure& day = month_first ? b : a;
  if (!is_month(month) || !is_day(day)) return std::nullopt;
  if (s.language.english) return Reading{c.end, say_date(s, day.value, month.value, year)};
  return Reading{c.end, s.spell.cardinal(day.value) + U' ' + s.spell.cardinal(month.value) + U' ' + say_year(s, year)};
}

std::optional<Reading> read_day_month(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!s.language.english || !is_digit(at(text, i)) || is_word(before(text, i)) || before(text, i) == U'.') return std::nullopt;
  const Figure day = figure(text, i);
  if (!is_day(day)) return std::nullopt;
  const std::size_t suffix = ordinal_suffix(text, day.end);
  std::size_t start = skip_blank(text, suffix), end = 0;
  if (start == suffix) return std::nullopt;
  const bool of = text.substr(start).starts_with(U"of ");
  if (of) start += 3;
  const int month = month_at(text, start, end);
  if (month == 0) return std::nullopt;
  int year = 0;
  const std::size_t year_end = year_at(text, end, year);
  const bool the = after_the(text, i);
  const auto spoken = (the ? U"" : U"the ") + s.spell.ordinal(day.value) + U" of " + std::u32string(kMonths[month - 1].name);
  return Reading{year_end > 0 ? year_end : end, year > 0 ? spoken + U", " + s.spell.year(year) : spoken};
}

std::optional<Reading> read_month_day(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  std::size_t end = 0;
  const int month = month_at(text, i, end);
  if (month == 0) return std::nullopt;
  const auto name = std::u32string(kMonths[month - 1].name);
  const std::size_t start = skip_blank(text, end);
  const Figure day = figure(text, start);
  if (start == end || day.length == 0) return std::nullopt;
  if (day.length == 4) return Reading{end, name};  // "Dec. 1865": the year is read on its own
  const std::size_t day_end = ordinal_suffix(text, day.end);
  const char32_t next = at(text, day_end);
  const bool figure_goes_on = (next == U':' || next == U'.' || next == U'/' || next == U'%') && (next == U'%' || is_digit(at(text, day_end + 1)));
  if (!is_day(day) || is_word(next) || figure_goes_on || (next == U',' && is_digit(at(text, day_end + 1)))) return std::nullopt;
  const bool bare_may = month == 5 && day_end == day.end && i > 0 && !is_space(before(text, i));
  if (bare_may) return std::nullopt;
  int year = 0;
  const std::size_t year_end = year_at(text, day_end, year);
  const std::u32string the = s.language.month_first ? U" " : U" the ";
  auto spoken = name + the + s.spell.ordinal(day.value);
  if (year_end == 0) {
    const Figure until = figure(text, day_end + 1);  // "March 4-6"
    if (is_dash(next) && is_day(until) && !is_word(at(text, until.end)) && until.value > day.value)
      return Reading{until.end, spoken + U" to" + the + s.spell.ordinal(until.value)};
    return Reading{day_end, spoken};
  }
  return Reading{year_end, spoken + U", " + s.spell.year(year)};
}

}  // namespace lectern::text
