#include "broker/text/abbreviation.h"

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "broker/text/characters.h"
#include "broker/text/reader.h"
#include "broker/text/roman.h"

namespace lectern::text {
namespace {

constexpr bool kStop = true, kStopOrNot = false, kMayEnd = true, kGoesOn = false;

// Of several rows for one word the first that fits its place is taken.
constexpr Abbreviation kTable[] = {
    {U"Mr", U"Mister", Where::anywhere, kStopOrNot, kGoesOn},
    {U"Mrs", U"Missus", Where::anywhere, kStopOrNot, kGoesOn},
    {U"Ms", U"Ms", Where::anywhere, kStop, kGoesOn},
    {U"Messrs", U"Messieurs", Where::anywhere, kStopOrNot, kGoesOn},
    {U"Mme", U"Madame", Where::before_name, kStopOrNot, kGoesOn},
    {U"Mlle", U"Mademoiselle", Where::before_name, kStopOrNot, kGoesOn},
    {U"Dr", U"Drive", Where::after_name, kStop, kMayEnd},
    {U"Dr", U"Doctor", Where::before_name, kStopOrNot, kGoesOn},
    {U"Dr", U"Doctor", Where::anywhere, kStop, kGoesOn},
    {U"Drs", U"Doctors", Where::before_name, kStopOrNot, kGoesOn},
    {U"St", U"Street", Where::after_name, kStop, kMayEnd},
    {U"St", U"Saint", Where::before_name, kStopOrNot, kGoesOn},
    {U"Ste", U"Sainte", Where::before_name, kStop, kGoesOn},
    {U"Prof", U"Professor", Where::anywhere, kStop, kGoesOn},
    {U"Rev", U"Reverend", Where::before_name, kStop, kGoesOn},
    {U"Fr", U"Father", Where::before_name, kStop, kGoesOn},
    {U"Hon", U"Honorable", Where::before_name, kStop, kGoesOn},
    {U"Gen", U"General", Where::before_name, kStop, kGoesOn},
    {U"Col", U"Colonel", Where::before_name, kStop, kGoesOn},
    {U"Maj", U"Major", Where::before_name, kStop, kGoesOn},
    {U"Capt", U"Captain", Where::before_name, kStop, kGoesOn},
    {U"Cmdr", U"Commander", Where::before_name, kStop, kGoesOn},
    {U"Adm", U"Admiral", Where::before_name, kStop, kGoesOn},
    {U"Lt", U"Lieutenant", Where::before_name, kStop, kGoesOn},
    {U"Sgt", U"Sergeant", Where::before_name, kStop, kGoesOn},
    {U"Cpl", U"Corporal", Where::before_name, kStop, kGoesOn},
    {U"Pvt", U"Private", Where::before_name, kStop, kGoesOn},
    {U"Insp", U"Inspector", Where::before_name, kStop, kGoesOn},
    {U"Supt", U"Superintendent", Where::before_name, kStop, kGoesOn},
    {U"Gov", U"Governor", Where::before_name, kStop, kGoesOn},
    {U"Sen", U"Senator", Where::before_name, kStop, kGoesOn},
    {U"Rep", U"Representative", Where::before_name, kStop, kGoesOn},
    {U"Pres", U"President", Where::before_name, kStop, kGoesOn},
    {U"Jr", U"Junior", Where::anywhere, kStop, kMayEnd},
    {U"Sr", U"Senior", Where::anywhere, kStop, kMayEnd},
    {U"Esq", U"Esquire", Where::anywhere, kStop, kMayEnd},
    {U"Mt", U"Mount", Where::before_name, kStop, kGoesOn},
    {U"Ft", U"Fort", Where::before_name, kStop, kGoesOn},
    {U"Ave", U"Avenue", Where::after_name, kStop, kMayEnd},
    {U"Blvd", U"Boulevard", Where::after_name, kStop, kMayEnd},
    {U"Rd", U"Road", Where::after_name, kStop, kMayEnd},
    {U"Hwy", U"Highway", Where::anywhere, kStop, kGoesOn},
    {U"Co", U"Company", Where::after_name, kStop, kMayEnd},
    {U"Corp", U"Corporation", Where::anywhere, kStop, kMayEnd},
    {U"Inc", U"Incorporated", Where::anywhere, kStop, kMayEnd},
    {U"Ltd", U"Limited", Where::anywhere, kStop, kMayEnd},
    {U"Bros", U"Brothers", Where::anywhere, kStop, kMayEnd},
    {U"Dept", U"Department", Where::anywhere, kStop, kGoesOn},
    {U"Assn", U"Association", Where::anywhere, kStop, kMayEnd},
    {U"Univ", U"University", Where::anywhere, kStop, kGoesOn},
    {U"Govt", U"Government", Where::anywhere, kStop, kMayEnd},
    {U"e.g", U"for example", Where::anywhere, kStopOrNot, kGoesOn},
    {U"E.g", U"For example", Where::anywhere, kStopOrNot, kGoesOn},
    {U"eg", U"for example", Where::anywhere, kStop, kGoesOn},
    {U"i.e", U"that is", Where::anywhere, kStopOrNot, kGoesOn},
    {U"I.e", U"That is", Where::anywhere, kStopOrNot, kGoesOn},
    {U"ie", U"that is", Where::anywhere, kStop, kGoesOn},
    {U"etc", U"et cetera", Where::anywhere, kStopOrNot, kMayEnd},
    {U"vs", U"versus", Where::anywhere, kStopOrNot, kGoesOn},
    {U"cf", U"compare", Where::anywhere, kStop, kGoesOn},
    {U"viz", U"namely", Where::anywhere, kStop, kGoesOn},
    {U"approx", U"approximately", Where::anywhere, kStop, kGoesOn},
    {U"ca", U"circa", Where::before_number, kStop, kGoesOn},
    {U"c", U"circa", Where::before_number, kStop, kGoesOn},
    {U"al", U"al", Where::anywhere, kStop, kMayEnd},
    {U"a.k.a", U"also known as", Where::anywhere, kStopOrNot, kGoesOn},
    {U"No", U"Number", Where::before_number, kStop, kGoesOn},
    {U"no", U"number", Where::before_number, kStop, kGoesOn},
    {U"Nos", U"Numbers", Where::before_number, kStop, kGoesOn},
    {U"nos", U"numbers", Where::before_number, kStop, kGoesOn},
    {U"Vol", U"Volume", Where::before_number, kStop, kGoesOn},
    {U"vol", U"volume", Where::before_number, kStop, kGoesOn},
    {U"Vols", U"Volumes", Where::before_number, kStop, kGoesOn},
    {U"vols", U"volumes", Where::anywhere, kStop, kMayEnd},
    {U"Ch", U"Chapter", Where::before_number, kStop, kGoesOn},
    {U"ch", U"chapter", Where::before_number, kStop, kGoesOn},
    {U"Chap", U"Chapter", Where::before_number, kStop, kGoesOn},
    {U"chap", U"chapter", Where::before_number, kStop, kGoesOn},
    {U"Sec", U"Section", Where::before_number, kStop, kGoesOn},
    {U"sec", U"section", Where::before_number, kStop, kGoesOn},
    {U"Art", U"Article", Where::before_number, kStop, kGoesOn},
    {U"Fig", U"Figure", Where::before_number, kStop, kGoesOn},
    {U"fig", U"figure", Where::before_number, kStop, kGoesOn},
    {U"Figs", U"Figures", Where::before_number, kStop, kGoesOn},
    {U"Eq", U"Equation", Where::before_number, kStop, kGoesOn},
    {U"p", U"page", Where::before_number, kStop, kGoesOn},
    {U"pp", U"pages", Where::before_number, kStop, kGoesOn},
    {U"Jan", U"January", Where::anywhere, kStop, kGoesOn},
    {U"Feb", U"February", Where::anywhere, kStop, kGoesOn},
    {U"Aug", U"August", Where::anywhere, kStop, kGoesOn},
    {U"Sept", U"September", Where::anywhere, kStop, kGoesOn},
    {U"Oct", U"October", Where::anywhere, kStop, kGoesOn},
    {U"Nov", U"November", Where::anywhere, kStop, kGoesOn},
    {U"Dec", U"December", Where::anywhere, kStop, kGoesOn},
    {U"Mon", U"Monday", Where::anywhere, kStop, kGoesOn},
    {U"Tues", U"Tuesday", Where::anywhere, kStop, kGoesOn},
    {U"Wed", U"Wednesday", Where::before_name, kStop, kGoesOn},
    {U"Thurs", U"Thursday", Where::anywhere, kStop, kGoesOn},
    {U"Fri", U"Friday", Where::anywhere, kStop, kGoesOn},
    {U"Ph.D", U"PhD", Where::anywhere, kStopOrNot, kMayEnd},
    {U"w/o", U"without", Where::anywhere, kStopOrNot, kGoesOn},
};

// Other languages: full stops that do not end a sentence before a capital.
const std::unordered_set<std::u32string_view>& goes_on(const Language& language) {
  static const std::unordered_map<std::string_view, std::unordered_set<std::u32string_view>> kByLanguage = {
      {"es", {U"Sr", U"Sra", U"Srta", U"Dr", U"Dra", U"Ud", U"Uds", U"D", U"Dña", U"Prof", U"pág", U"núm", U"art", U"p.ej", U"San", U"Sto", U"Sta"}},
      {"fr", {U"M", U"MM", U"Mme", U"Mlle", U"Dr", U"Me", U"Mgr", U"St", U"Ste", U"art", U"chap", U"p", U"vol", U"fig", U"cf", U"p.ex"}},
      {"it", {U"Sig", U"Sig.ra", U"Sigg", U"Dott", U"Dott.ssa", U"Prof", U"Ing", U"Avv", U"On", U"pag", U"art", U"cap", U"vol", U"S"}},
      {"pt", {U"Sr", U"Sra", U"Srta", U"Dr", U"Dra", U"Prof", U"Profa", U"Exmo", U"Exma", U"pág", U"art", U"cap", U"vol", U"Av"}},
      {"hi", {U"डॉ", U"श्री", U"प्रो"}}};
  static const std::unordered_set<std::u32string_view> kNone;
  const auto found = kByLanguage.find(language.name.substr(0, 2));
  return found == kByLanguage.end() ? kNone : found->second;
}

// Words that begin sentences more often than they go on after "U.S.", "Inc." or an initial.
const std::unordered_set<std::u32string_view> kStarters = {
    U"The", U"A", U"An", U"He", U"She", U"It", U"They", U"We", U"You", U"I", U"This", U"That", U"These", U"Those", U"There", U"Then",
    U"But", U"And", U"Or", U"So", U"In", U"On", U"At", U"As", U"If", U"When", U"While", U"After", U"Before", U"However", U"What",
    U"Who", U"Why", U"How", U"Where", U"His", U"Her", U"Its", U"Their", U"My", U"Our", U"Your", U"For", U"From", U"With", U"Not",
    U"No", U"Yes", U"Although", U"Because", U"Since", U"Now", U"Here", U"Once", U"Later", U"Nobody", U"Everyone", U"Some", U"All"};

const std::unordered_multimap<std::u32string_view, const Abbreviation*>& by_word() {
  static const auto table = [] {
    std::unordered_multimap<std::u32string_view, const Abbreviation*> rows;
    for (const Abbreviation& row : kTable) rows.emplace(row.written, &row);
    return rows;
  }();
  return table;
}

std::u32string_view next_word(std::u32string_view text, std::size_t i) {
  while (i < text.size() && (is_space(text[i]) || is_opening(text[i]) || text[i] == U'_' || text[i] == U'*')) ++i;
  return text.substr(i, word_end(text, i) - i);
}

bool stands(const Abbreviation& row, std::u32string_view text, std::size_t begin, std::size_t end) {
  const bool stop = at(text, end) == U'.';
  if (row.full_stop && !stop) return false;
  const std::size_t after = stop ? end + 1 : end;
  const bool clause_ends = at(text, after) == U',' || at(text, after) == U';';
  switch (row.where) {
    case Where::anywhere: return true;
    case Where::before_name: return !clause_ends && !next_word(text, after).empty() && is_upper(next_word(text, after)[0]);
    case Where::before_number: {
      const auto word = next_word(text, after);
      return !clause_ends && !word.empty() && (is_digit(word[0]) || (roman_value(word) > 0 && word != U"I" && word != U"I'm"));
    }
    case Where::after_name: {
      const auto previous = word_before(text, begin);
      if (previous.empty() || !(is_upper(previous[0]) || is_digit(previous[0]) || previous.ends_with(U"th"))) return false;
      const auto word = next_word(text, after);  // "Mr. St. Clair", "Peter St. John": a name goes on
      return word.empty() || clause_ends || !is_upper(word[0]) || kStarters.contains(word) || row.written == U"Co";
    }
  }
  return false;
}

}  // namespace

std::size_t dotted_word_end(std::u32string_view text, std::size_t i) {
  std::size_t end = word_end(text, i);
  while (end > i && (at(text, end) == U'.' || (at(text, end) == U'/' && text[i] == U'w')) && is_letter(at(text, end + 1))) end = word_end(text, end + 1);
  return end;
}

const Abbreviation* find_abbreviation(std::u32string_view text, std::size_t begin, std::size_t end) {
  const auto word = text.substr(begin, end - begin);
  if (word.empty() || word.size() > 7) return nullptr;
  auto [row, last] = by_word().equal_range(word);
  if (row == last && word.size() >= 2 && is_upper(word[0]) && is_upper(word[1])) {  // MR., MRS., ESQ.
    std::u32string capitalised = lower(word);
    capitalised[0] = word[0];
    std::tie(row, last) = by_word().equal_range(capitalised);
    if (row != last && at(text, end) != U'.') return nullptr;
  }
  const Abbreviation* best = nullptr;  // equal_range keeps no order; the table's addresses do
  for (; row != last; ++row)
    if ((!best || row->second < best) && stands(*row->second, text, begin, end)) best = row->second;
  return best;
}

bool is_abbreviation_stop(const Language& language, std::u32string_view text, std::size_t begin, std::size_t end, std::size_t next) {
  const auto word = text.substr(begin, end - begin), following = next_word(text, next);
  if (word.empty()) return false;
  const bool starter = kStarters.contains(following) && at(text, next + following.size()) != U'.';
  if (!language.english) {
    return goes_on(language).contains(word) || (word.size() == 1 && is_upper(word[0]));
  }
  if (const Abbreviation* row = find_abbreviation(text, begin, end)) return !row->may_end || !(is_opening(at(text, next)) || starter);
  if (word.size() == 1 && is_upper(word[0])) {  // J. R. R. Tolkien, but "taller than I. Then"
    const auto previous = word_before(text, begin);
    if (word == U"I" && !previous.empty() && is_lower(previous[0])) return following.size() == 1 && at(text, next + 1) == U'.';
    return !starter;
  }
  const bool initials = word.find(U'.') != word.npos && word.size() <= 7;  // U.S., p.m.
  return initials && !starter && !is_opening(at(text, next)) && !(word == U"a.m" || word == U"p.m");
}

}  // namespace lectern::text
