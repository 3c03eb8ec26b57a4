// English words that are not said as they are written: abbreviations, and Roman numerals by the word before them.
#include <unordered_set>

#include "broker/text/abbreviation.h"
#include "broker/text/characters.h"
#include "broker/text/reader.h"
#include "broker/text/roman.h"

namespace lectern::text {
namespace {

// Roman numerals after these are counted: Chapter IV -> Chapter four.
const std::unordered_set<std::u32string> kCounted = {
    U"chapter", U"part", U"book", U"act", U"scene", U"volume", U"vol", U"section", U"article", U"canto", U"stave", U"letter", U"war", U"title",
    U"appendix", U"figure", U"table", U"phase", U"type", U"stage", U"level", U"episode", U"bowl", U"plate", U"page", U"division", U"class",
    U"category", U"grade", U"schedule", U"form", U"no", U"number", U"chap", U"ch", U"verse", U"psalm", U"sonnet", U"symphony", U"opus"};

// Roman numerals after these are ordinals: Henry VIII -> Henry the Eighth.
const std::unordered_set<std::u32string_view> kRegnal = {
    U"Henry", U"Louis", U"George", U"Edward", U"Charles", U"James", U"William", U"Richard", U"Elizabeth", U"Mary", U"Philip", U"Frederick",
    U"Napoleon", U"Francis", U"Ferdinand", U"Alexander", U"Nicholas", U"Catherine", U"Peter", U"Paul", U"John", U"Benedict", U"Pius", U"Leo",
    U"Gregory", U"Clement", U"Innocent", U"Urban", U"Ivan", U"Otto", U"Leopold", U"Albert", U"Christian", U"Gustav", U"Carl", U"Alfonso",
    U"Victor", U"Umberto", U"Wilhelm", U"Ramses", U"Rameses", U"Ptolemy", U"Xerxes", U"Darius", U"Mehmed", U"Murad", U"Rudolf", U"Maximilian",
    U"Joseph", U"Sigismund", U"Haakon", U"Harald", U"Olav", U"Sixtus", U"Boniface", U"Celestine", U"Emmanuel", U"Robert", U"Constantine",
    U"Theodosius", U"Leon", U"Baldwin", U"Amenhotep", U"Thutmose", U"Cleopatra", U"Margaret", U"Isabella", U"Haile", U"Stephen", U"Malcolm"};

const std::unordered_set<std::u32string_view> kTitles = {U"King", U"Queen", U"Pope", U"Emperor", U"Empress", U"Tsar", U"Czar", U"Kaiser", U"Sultan",
                                                         U"Prince", U"Duke", U"Shah", U"Patriarch", U"Pharaoh"};

// What may go on after "Elizabeth I" without being a new sentence's "I".
const std::unordered_set<std::u32string_view> kAfterNumeral = {U"of", U"and", U"was", U"had", U"is", U"died", U"became", U"to", U"in", U"who", U"by",
                                                               U"or", U"at", U"on", U"reigned", U"ruled", U"begins", U"ends"};

bool lone_i_may_be_numeral(std::u32string_view text, std::size_t end, bool counted) {
  const char32_t next = at(text, end);
  if (next == U'\0' || next == U'.' || next == U',' || next == U':' || next == U';' || next == U')' || is_dash(next)) return true;
  if (next == U'\'' || next == U'’') return at(text, end + 1) == U's';
  if (next != U' ') return is_closing(next);
  const std::size_t start = skip_blank(text, end);
  const auto word = text.substr(start, word_end(text, start) - start);
  if (word.empty()) return true;
  if (kAfterNumeral.contains(word)) return word != U"was" && word != U"had" ? true : !counted;
  return counted && is_upper(word[0]);
}

}  // namespace

std::optional<Reading> read_roman(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  constexpr std::u32string_view kDigits = U"IVXLCDMivxlcdm";
  if (kDigits.find(at(text, i)) == kDigits.npos) return std::nullopt;
  const std::size_t end = word_end(text, i);
  const int value = roman_value(text.substr(i, end - i));
  if (value == 0 || i < 2) return std::nullopt;
  const auto previous = word_before(text, i);
  if (previous.empty()) return std::nullopt;
  const bool capital = is_upper(text[i]), stop_between = text[i - 1] == U'.' || text[i - 2] == U'.' || text[i - 2] == U',';
  const auto lowered = lower(previous);
  if (kCounted.contains(lowered)) {
    const bool abbreviated = lowered == U"vol" || lowered == U"no" || lowered == U"ch" || lowered == U"chap";
    if (stop_between != abbreviated && (stop_between || !abbreviated)) return std::nullopt;
    if (value == 1 && (!(is_upper(previous[0]) || !capital) || !lone_i_may_be_numeral(text, end, true))) return std::nullopt;
    if (end - i == 1 && value > 10 && !is_upper(previous[0])) return std::nullopt;
    return Reading{end, s.spell.cardinal(value)};
  }
  if (!capital || value > 39 || stop_between || !is_upper(previous[0])) return std::nullopt;
  const auto title = word_before(text, static_cast<std::size_t>(previous.data() - text.data()));
  if (!kRegnal.contains(previous) && !kTitles.contains(title)) return std::nullopt;
  if (end - i == 1) {  // John V. Smith, Henry I think
    const std::size_t next = skip_blank(text, end + 1);
    const bool initial = at(text, end) == U'.' && is_upper(at(text, next)) && value != 1;
    if (initial || (value == 1 && !lone_i_may_be_numeral(text, end, false))) return std::nullopt;
  }
  auto ordinal = s.spell.ordinal(value);
  ordinal[0] -= 32;
  return Reading{end, U"the " + ordinal};
}

std::optional<Reading> read_abbreviation(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  std::size_t end = dotted_word_end(text, i);
  const Abbreviation* row = find_abbreviation(text, i, end);
  if (!row && end != word_end(text, i)) {
    end = word_end(text, i);
    row = at(text, end) == U'.' && is_letter(at(text, end + 1)) ? nullptr : find_abbreviation(text, i, end);
  }
  if (!row || row->spoken.empty()) return std::nullopt;
  std::u32string spoken(row->spoken);
  if (at(text, end) != U'.') return spoken == text.substr(i, end - i) ? std::nullopt : std::optional(Reading{end, spoken});
  ++end;
  const bool last = !has_words(text.substr(end));
  const bool stop_written = last && !text.substr(end).empty() && (is_terminal(text[end]) || text[end] == U',');
  const std::size_t next = skip_blank(text, end);
  const bool ends = row->may_end && next > end && is_upper(at(text, next)) &&
                    !is_abbreviation_stop(s.language, text, i, end - 1, next);
  if ((last && !stop_written) || ends) spoken += U'.';
  return Reading{end, spoken};
}

}  // namespace lectern::text
