#include "broker/text/heading.h"

#include <algorithm>
#include <array>

#include "broker/text/characters.h"
#include "broker/text/roman.h"

namespace lectern::text {
namespace {

struct HeadingWord {
  std::u32string_view language;   // empty: every language
  std::u32string_view word;       // lower case
  Break before;
  bool numbered;                  // a number must follow; else it stands alone
};

constexpr Break kChapter = Break::chapter, kSection = Break::section;

constexpr HeadingWord kWords[] = {
    {U"en", U"chapter", kChapter, true},     {U"en", U"book", kChapter, true},         {U"en", U"part", kChapter, true},
    {U"en", U"volume", kChapter, true},      {U"en", U"act", kChapter, true},          {U"en", U"canto", kChapter, true},
    {U"en", U"stave", kChapter, true},       {U"en", U"letter", kSection, true},       {U"en", U"scene", kSection, true},
    {U"en", U"section", kSection, true},     {U"en", U"appendix", kChapter, true},     {U"en", U"prologue", kChapter, false},
    {U"en", U"epilogue", kChapter, false},   {U"en", U"preface", kChapter, false},     {U"en", U"introduction", kChapter, false},
    {U"en", U"foreword", kChapter, false},   {U"en", U"afterword", kChapter, false},   {U"en", U"appendix", kChapter, false},
    {U"en", U"contents", kChapter, false},   {U"en", U"conclusion", kChapter, false},  {U"es", U"capítulo", kChapter, true},
    {U"es", U"parte", kChapter, true},       {U"es", U"libro", kChapter, true},        {U"es", U"prólogo", kChapter, false},
    {U"es", U"epílogo", kChapter, false},    {U"fr", U"chapitre", kChapter, true},     {U"fr", U"partie", kChapter, true},
    {U"fr", U"livre", kChapter, true},       {U"fr", U"préface", kChapter, false},     {U"fr", U"prologue", kChapter, false},
    {U"fr", U"épilogue", kChapter, false},   {U"it", U"capitolo", kChapter, true},     {U"it", U"parte", kChapter, true},
    {U"it", U"libro", kChapter, true},       {U"it", U"prefazione", kChapter, false},  {U"it", U"prologo", kChapter, false},
    {U"it", U"epilogo", kChapter, false},    {U"pt", U"capítulo", kChapter, true},     {U"pt", U"parte", kChapter, true},
    {U"pt", U"livro", kChapter, true},       {U"pt", U"prólogo", kChapter, false},     {U"pt", U"epílogo", kChapter, false},
    {U"hi", U"अध्याय", kChapter, true},       {U"hi", U"भाग", kChapter, true},
};

constexpr std::u32string_view kNumberWords[] = {
    U"one", U"two", U"three", U"four", U"five", U"six", U"seven", U"eight", U"nine", U"ten", U"eleven", U"twelve",
    U"thirteen", U"fourteen", U"fifteen", U"sixteen", U"seventeen", U"eighteen", U"nineteen", U"twenty", U"thirty",
    U"forty", U"fifty", U"first", U"second", U"third", U"fourth", U"fifth", U"sixth", U"seventh", U"eighth", U"ninth",
    U"tenth", U"last", U"the"};

constexpr std::size_t kLongestHeading = 64;    // characters in a line
constexpr std::size_t kLongestNumbered = 120;  // characters of a heading that begins "Chapter 1"

std::u32string_view first_word(std::u32string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(0, end);
}

bool is_number_word(std::u32string_view word) {
  if (std::all_of(word.begin(), word.end(), is_digit) || roman_value(word) > 0) return !word.empty();
  const auto lowered = lower(word);
  return std::find(std::begin(kNumberWords), std::end(kNumberWords), lowered) != std::end(kNumberWords) ||
         (word.size() == 1 && is_upper(word[0])) || (!word.empty() && !is_letter(word[0]));
}

bool all_capitals(std::u32string_view text) {
  std::size_t capitals = 0;
  for (char32_t c : text) {
    if (is_lower(c)) return false;
    capitals += is_upper(c);
  }
  return capitals >= 2;
}

// "CHAPTER I", "Chapter 1: The Pool", "Part the Second." but not "Chapter 3 was the best of them."
std::optional<Heading> numbered_heading(std::u32string_view text, const HeadingWord& entry) {
  auto rest = trim(text.substr(entry.word.size()));
  const auto number = first_word(rest);
  if (!is_number_word(number)) return std::nullopt;
  rest = rest.substr(number.size());
  if (lower(number) == U"the" || at(rest, 0) == U'-') {  // "Part the Second", "Chapter Twenty-One"
    const std::size_t skip = at(rest, 0) == U'-' ? 1 : 0;
    rest = trim(rest.substr(skip));
    rest = rest.substr(first_word(rest).size());
  }
  const char32_t next = at(rest, 0);
  rest = trim(rest);
  Heading heading{1, entry.before, false, true};
  while (!rest.empty() && !is_word(rest[0]) && !is_opening(rest[0])) rest = trim(rest.substr(1));
  if (rest.empty()) {
    heading.lacks_title = true;
    return heading;
  }
  const bool set_off = next == U'.' || next == U':' || next == U')' || is_dash(next);
  if (!set_off && is_lower(rest[0])) return std::nullopt;
  if (is_space(next) && ends_sentence(rest) && !all_capitals(rest)) return std::nullopt;
  return heading;
}

std::optional<Heading> worded_heading(std::u32string_view text, const std::string& language) {
  const auto word = first_word(text);
  if (word.size() < 3 || text.size() > kLongestNumbered || (is_letter(word[0]) && is_lower(word[0]))) return std::nullopt;
  const auto lowered = lower(word);
  for (const HeadingWord& entry : kWords) {
    if (lowered != entry.word || !std::equal(entry.language.begin(), entry.language.end(), language.begin())) continue;
    if (entry.numbered) {
      if (auto heading = numbered_heading(text, entry)) return heading;
    } else if (!has_words(text.substr(word.size()))) {
      return Heading{1, entry.before, false, false};
    }
  }
  return std::nullopt;
}

// Whether the lines after "CHAPTER I" are its title rather than the first lines of its text.
bool is_all_title(const std::vector<Line>& stanza) {
  if (stanza.size() > 3) return false;
  std::size_t length = 0;
  for (const Line& line : stanza) length += line.text.size();
  if (length > kLongestNumbered) return false;
  for (std::size_t i = 1; i < stanza.size(); ++i)  // a second sentence is no title
    if (ends_sentence(stanza[i].text) && (i + 1 < stanza.size() || is_upper(stanza[i].text.front()))) return false;
  return true;
}

// A stanza of one or two short lines that says nothing but a title.
bool may_be_title(const std::vector<Line>& stanza) {
  if (stanza.size() > 2) return false;
  for (const Line& line : stanza)
    if (line.text.size() > kLongestHeading || !has_words(line.text)) return false;
  const char32_t first = stanza.front().text.front(), last = stanza.back().text.back();
  const bool speech = (is_opening(first) && first != U'(' && first != U'[' && first != U'¡' && first != U'¿') || is_dash(first);
  return !speech && last != U',' && last != U';' && last != U':';
}

bool is_centred(const Line& line, const Surroundings& around) {
  const std::size_t width = std::max<std::size_t>(around.width, 40);
  if (line.indent < around.base_indent + 8 || line.text.size() + 8 > width) return false;
  const double left = static_cast<double>(line.indent), right = static_cast<double>(width) - left - line.text.size();
  return right > 0 && left < 1.5 * right + 4 && right < 1.5 * left + 4;
}

// "IV.", "3", "12." alone on a line: the number of a section.
bool is_bare_number(std::u32string_view text) {
  if (!text.empty() && (text.back() == U'.' || text.back() == U')')) text.remove_suffix(1);
  if (text.empty() || text.size() > 8) return false;
  return std::all_of(text.begin(), text.end(), is_digit) ? text.size() <= 3 : roman_value(text) > 0 && is_upper(text[0]);
}

// "1. Introduction", "2.3 Methods" on a line of its own.
bool is_numbered_title(std::u32string_view text) {
  std::size_t i = 0;
  while (i < text.size() && (is_digit(text[i]) || text[i] == U'.')) ++i;
  if (i == 0 || !is_digit(text[0]) || i >= text.size() || !is_space(text[i]) || i > 8) return false;
  const auto title = trim(text.substr(i));
  return text.substr(0, i).find(U'.') != text.npos && !title.empty() && is_upper(title[0]) && !ends_sentence(title) &&
         std::count(title.begin(), title.end(), U' ') < 8;
}

}  // namespace

std::optional<Heading> find_heading(const std::vector<Line>& stanza, const Surroundings& around,
                                    const std::string& language) {
  const std::u32string_view first = stanza.front().text;
  if (around.underlined && stanza.size() == 1 && has_words(first) && first.size() <= kLongestNumbered)
    return Heading{1, around.underline == U'=' ? kChapter : kSection, false, false};
  if (auto heading = worded_heading(first, language)) {
    if (is_all_title(stanza)) heading->lines = stanza.size();
    if (stanza.size() > 1) heading->lacks_title = false;
    return heading;
  }
  if (!may_be_title(stanza)) return std::nullopt;
  const bool starts_upper = is_upper(first.front()) || is_opening(first.front()) || is_digit(first.front());
  if (around.after_chapter && starts_upper && !ends_sentence(stanza.back().text))
    return Heading{stanza.size(), Break::paragraph, false, false};
  const bool alone = around.blank_before >= 3;
  if (std::all_of(stanza.begin(), stanza.end(), [](const Line& line) { return all_capitals(line.text); }))
    return Heading{stanza.size(), alone ? kChapter : kSection, false, false};
  if (stanza.size() == 1 && (is_bare_number(first) || is_numbered_title(first))) return Heading{1, kSection, false, false};
  if (starts_upper && !ends_sentence(stanza.back().text) &&
      std::all_of(stanza.begin(), stanza.end(), [&](const Line& line) { return is_centred(line, around); }))
    return Heading{stanza.size(), alone ? kChapter : kSection, false, false};
  return std::nullopt;
}

}  // namespace lectern::text
