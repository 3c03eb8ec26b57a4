// How it works: ICU's sentence boundaries are candidates; some are dropped (abbreviations, initials, dialogue that goes
// on with "she said"), so that a boundary is left only where a reader would make a stop.
#include "broker/text/sentences.h"

#include <unicode/brkiter.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_set>

#include "broker/text/abbreviation.h"
#include "broker/text/characters.h"
#include "broker/text/document.h"
#include "broker/text/reader.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

icu::BreakIterator& sentence_iterator() {
  thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(icu::BreakIterator::createSentenceInstance(icu::Locale::getEnglish(), status));
    if (U_FAILURE(status)) throw Fault(Exit::internal, "ICU has no rules for sentences", "install ICU's data (libicu)");
    return made;
  }();
  return *iterator;
}

// Candidates, in code points of `text`.
std::vector<std::size_t> icu_boundaries(std::u32string_view text) {
  icu::UnicodeString utf16(static_cast<std::int32_t>(text.size()), 0, 0);
  std::vector<std::size_t> wide;  // code points that take two units
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i] == kLinePause || text[i] == U'\r' || text[i] == U'\t' ? U' ' : text[i];
    if (c > 0xffff) wide.push_back(i);
    utf16.append(static_cast<UChar32>(c));
  }
  auto& iterator = sentence_iterator();
  iterator.setText(utf16);
  std::vector<std::size_t> places;
  std::size_t passed = 0;
  iterator.first();
  for (std::int32_t place = iterator.next(); place != icu::BreakIterator::DONE; place = iterator.next()) {
    while (passed < wide.size() && wide[passed] + passed < static_cast<std::size_t>(place)) ++passed;
    places.push_back(static_cast<std::size_t>(place) - passed);
  }
  return places;
}

const std::unordered_set<std::u32string_view> kSpeechVerbs = {
    U"said", U"says", U"asked", U"cried", U"replied", U"answered", U"whispered", U"shouted", U"thought", U"exclaimed", U"continued", U"added",
    U"remarked", U"murmured", U"muttered", U"called", U"went", U"began", U"screamed", U"sighed", U"told", U"returned", U"repeated", U"interrupted",
    U"observed", U"demanded", U"yelled", U"laughed", U"growled", U"snapped", U"inquired", U"pleaded", U"agreed", U"insisted", U"suggested"};

// `Alice said.`, `the King asked`, `I replied` at `i`.
bool is_attribution(std::u32string_view text, std::size_t i) {
  for (int words = 0; words < 3; ++words) {
    const std::size_t end = word_end(text, i);
    if (end == i) return false;
    if (words > 0 && kSpeechVerbs.contains(text.substr(i, end - i))) return true;
    if (at(text, end) != U' ' || (words > 0 && !is_upper(text[i]))) return false;
    i = end + 1;
  }
  return false;
}

// The place after the last character before `place` that is no white space.
std::size_t content_end(std::u32string_view text, std::size_t begin, std::size_t place) {
  while (place > begin && is_space(text[place - 1])) --place;
  return place;
}

bool is_stop_of_line(std::u32string_view text, std::size_t from, std::size_t to) {
  return std::find(text.begin() + static_cast<std::ptrdiff_t>(from), text.begin() + static_cast<std::ptrdiff_t>(to), kLineStop) !=
         text.begin() + static_cast<std::ptrdiff_t>(to);
}

bool is_boundary(std::u32string_view text, std::size_t begin, std::size_t place, const Language& language) {
  const std::size_t end = content_end(text, begin, place);
  if (is_stop_of_line(text, end, place)) return true;
  const char32_t last = before(text, end);
  if (end == place && last != U'।' && last != U'。' && last != U'！' && last != U'？') return false;
  std::size_t first = place;  // over marks of emphasis
  while (first < text.size() && (text[first] == U'_' || text[first] == U'*')) ++first;
  const char32_t next = at(text, first);
  if (is_lower(next) || is_dash(next) || next == U',' || next == U';' || next == U'…') return false;
  if (next == U'.' && at(text, first + 1) == U'.') return false;
  std::size_t stop = end;
  while (stop > begin && (is_closing(text[stop - 1]) || text[stop - 1] == U'_' || text[stop - 1] == U'*')) --stop;
  const bool closed = stop < end;
  if (closed && language.english && is_attribution(text, first)) return false;
  if (stop == 0 || text[stop - 1] != U'.' || (stop >= 2 && text[stop - 2] == U'.')) return true;
  std::size_t word = stop - 1;  // the word before the full stop, with inner stops
  while (word > begin && (is_word(text[word - 1]) || (text[word - 1] == U'.' && word >= 2 && is_letter(text[word - 2])))) --word;
  return !is_abbreviation_stop(language, text, word, stop - 1, place);
}

// ICU does not end sentences at a line's end or inside of "...”; the kLineStops are its paragraph separators.
enum class Joint { none, space, conjunction, comma, clause };

const std::unordered_set<std::u32string_view> kConjunctions = {
    U"and", U"but", U"or", U"nor", U"for", U"so", U"yet", U"because", U"although", U"though", U"while", U"when", U"where", U"which", U"who",
    U"that", U"if", U"as", U"than", U"until", U"unless", U"whether", U"with", U"without", U"in", U"on", U"of", U"to", U"from",
    U"y", U"o", U"pero", U"porque", U"que", U"et", U"ou", U"mais", U"car", U"e", U"ma", U"perché", U"che", U"mas", U"और", U"लेकिन", U"कि"};

// How good a place `i` is for a cut: text[i] begins the second part.
Joint joint_at(std::u32string_view text, Span span, std::size_t i) {
  const char32_t last = text[i - 1];
  if (!is_space(last)) {
    const bool dashes = (last == U'—' || (last == U'-' && before(text, i - 1) == U'-')) && is_word(text[i]);
    return dashes ? Joint::clause : Joint::none;
  }
  if (is_space(text[i]) || i == span.end) return Joint::none;
  if (last == kLinePause) return Joint::comma;
  std::size_t end = content_end(text, span.begin, i);
  while (end > span.begin && is_closing(text[end - 1])) --end;
  const char32_t mark = end > span.begin ? text[end - 1] : U'\0';
  const bool figures = is_digit(text[i]) && end >= 2 && (is_digit(mark) || is_digit(text[end - 2]) || mark == U'.');
  if (is_terminal(mark) && mark != U'.') return Joint::clause;
  if (mark == U';' || mark == U':' || mark == U'—' || mark == U'–' || (mark == U'-' && end >= 2 && !is_word(text[end - 2]))) return Joint::clause;
  if (mark == U',') return is_digit(text[i]) ? Joint::space : Joint::comma;
  if (figures) return Joint::space;
  const auto word = text.substr(i, std::min(word_end(text, i), span.end) - i);
  return kConjunctions.contains(word) || text[i] == U'(' ? Joint::conjunction : Joint::space;
}

}  // namespace

Span trimmed(std::u32string_view text, Span span) {
  while (span.begin < span.end && is_space(text[span.begin])) ++span.begin;
  while (span.end > span.begin && is_space(text[span.end - 1])) --span.end;
  return span;
}

std::vector<Span> split_sentences(std::u32string_view text, const Language& language) {
  std::vector<Span> sentences;
  std::size_t begin = 0;
  for (const std::size_t place : icu_boundaries(text)) {
    if (place < text.size() && !is_boundary(text, begin, place, language)) continue;
    const Span sentence = trimmed(text, {begin, place});
    if (sentence.size() > 0) sentences.push_back(sentence);
    begin = place;
  }
  return sentences;
}

std::size_t best_cut(std::u32string_view text, Span span, std::size_t limit) {
  limit = std::max<std::size_t>(1, std::min(limit, span.size() - 1));
  const std::size_t parts = (span.size() + limit - 1) / limit;
  const double ideal = static_cast<double>(span.size()) / static_cast<double>(parts);
  double best_score = -1;
  std::size_t best = 0;
  for (std::size_t i = span.begin + 1; i < span.end && i <= span.begin + limit + 1; ++i) {
    // A blank at the limit's end costs nothing: it is not spoken.
    if (content_end(text, span.begin, i) > span.begin + limit) break;
    const Joint joint = joint_at(text, span, i);
    if (joint == Joint::none) continue;
    const double length = static_cast<double>(i - span.begin);
    const double score = 10.0 + static_cast<double>(joint) - 4.0 * std::abs(length - ideal) / ideal;
    if (score >= best_score) {
      best_score = score;
      best = i;
    }
  }
  if (best > span.begin) return best;
  std::size_t cut = span.begin + limit;  // one long word: between characters, marks kept with their letter
  while (cut > span.begin + 1 && (is_mark(text[cut]) || text[cut] == 0x200d || text[cut - 1] == 0x200d)) --cut;
  return cut > span.begin + 1 || limit == 1 ? cut : span.begin + limit;
}

}  // namespace lectern::text
