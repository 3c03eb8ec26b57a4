#include "broker/text/utterance.h"

#include <algorithm>
#include <cstdlib>

#include "broker/text/characters.h"
#include "broker/text/spellout.h"
#include "config/phonemes.h"

namespace lectern::text {
namespace {

constexpr char32_t kFirst = 0x14400;
constexpr std::size_t kLetters = 512;
constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};

bool is_letter_of_ours(char32_t c) { return c >= kFirst && c < kFirst + kLetters; }

// The entry whose letters stand at `i`; nullptr: none do.
const Utterance* entry_at(const Document& document, std::u32string_view text, std::size_t i) {
  if (i + 1 >= text.size() || !is_letter_of_ours(text[i]) || !is_letter_of_ours(text[i + 1])) return nullptr;
  const std::size_t index = (text[i] - kFirst) * kLetters + (text[i + 1] - kFirst);
  return index < document.utterances.size() ? &document.utterances[index] : nullptr;
}

// "1,234" -> 1234
std::optional<std::int64_t> whole_number(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      digits += c;
    else if (c == '-' && digits.empty())
      digits = "-";
    else if (c != ',' && c != '.' && c != ' ')
      return std::nullopt;
  }
  if (digits.empty() || digits == "-" || digits.size() > 16) return std::nullopt;
  return std::strtoll(digits.c_str(), nullptr, 10);
}

struct Date {
  int year = 0, month = 0, day = 0;  // 0: not said
};

// "10/12/2026" by the order "mdy".
std::optional<Date> date_of(std::string_view text, std::string_view order) {
  Date date;
  std::size_t i = 0;
  const bool run_together = text.size() == 8 && order.size() == 3 && text.find_first_not_of("0123456789") == text.npos;
  for (const char field : order) {
    while (i < text.size() && (text[i] < '0' || text[i] > '9')) ++i;
    const std::size_t most = run_together ? (field == 'y' ? 4 : 2) : text.size();
    int value = 0;
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9' && i - begin < most && value < 10000)
      value = 10 * value + text[i++] - '0';
    if (i == begin) return std::nullopt;
    (field == 'y' ? date.year : field == 'm' ? date.month : date.day) = value;
  }
  const bool has_month = order.find('m') != order.npos, has_day = order.find('d') != order.npos;
  if (text.find_first_of("0123456789", i) != text.npos || date.year > 2999) return std::nullopt;
  if (has_month && (date.month < 1 || date.month > 12)) return std::nullopt;
  if (has_day && (date.day < 1 || date.day > 31)) return std::nullopt;
  if (date.year > 0 && date.year < 100) date.year += date.year < 50 ? 2000 : 1900;
  return date;
}

std::string two_digits(int value) { return (value < 10 ? "0" : "") + std::to_string(value); }

// As the readers of dates know it.
std::string written(const Date& date, const Language& language) {
  if (date.year > 0 && date.month > 0 && date.day > 0)
    return std::to_string(date.year) + "-" + two_digits(date.month) + "-" + two_digits(date.day);
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  if (!language.english && date.day > 0) add(std::to_string(date.day));
  if (date.month > 0) add(language.english ? kMonths[date.month - 1] : std::to_string(date.month));
  if (language.english && date.day > 0) add(std::to_string(date.day));
  if (date.year > 0) add(std::to_string(date.year));
  return words;
}

// Characters one by one, digits as digits.
std::u32string characters(const std::string& word, const Language& language) {
  std::u32string said;
  for (char32_t c : to_code_points(word)) {
    if (is_space(c)) continue;
    if (!said.empty()) said += U' ';
    if (is_digit(c))
      said += Spellout::of(language).digits(std::u32string_view(&c, 1));
    else
      said += c >= U'a' && c <= U'z' ? c - 32 : c;
  }
  return said;
}

// Groups of digits with a pause between them.
std::u32string telephone(const std::string& word, const Language& language) {
  std::u32string said, group;
  const auto finish = [&] {
    if (!group.empty()) said += (said.empty() ? U"" : U", ") + Spellout::of(language).digits(group);
    group.clear();
  };
  for (const char32_t c : to_code_points(word)) {
    if (is_digit(c)) {
      group += c;
    } else {
      finish();
      if (c == U'+' && language.english) said += U"plus";
    }
  }
  finish();
  return said;
}

std::u32string said_of(const Utterance& utterance, const Language& language) {
  const auto& spell = Spellout::of(language);
  switch (utterance.kind) {
    case Utterance::Kind::cardinal:
      return spell.cardinal(*whole_number(utterance.word));
    case Utterance::Kind::ordinal:
      return spell.ordinal(*whole_number(utterance.word));
    case Utterance::Kind::characters:
      return characters(utterance.word, language);
    case Utterance::Kind::telephone:
      return telephone(utterance.word, language);
    case Utterance::Kind::date:
      return to_code_points(written(*date_of(utterance.word, utterance.detail), language));
    default:
      return to_code_points(utterance.word);
  }
}

}  // namespace

std::optional<Utterance> utterance_of(std::string_view interpret_as, std::string_view format, std::string_view text) {
  using Kind = Utterance::Kind;
  struct Way {
    std::string_view name;
    Kind kind;
  };
  constexpr Way kWays[] = {{"cardinal", Kind::cardinal},
                           {"number", Kind::cardinal},
                           {"ordinal", Kind::ordinal},
                           {"characters", Kind::characters},
                           {"spell-out", Kind::characters},
                           {"verbatim", Kind::characters},
                           {"digits", Kind::characters},
                           {"telephone", Kind::telephone},
                           {"date", Kind::date},
                           {"time", Kind::words},
                           {"currency", Kind::words},
                           {"fraction", Kind::words},
                           {"unit", Kind::words}};
  const auto way =
      std::find_if(std::begin(kWays), std::end(kWays), [&](const Way& w) { return w.name == interpret_as; });
  if (way == std::end(kWays)) return std::nullopt;
  Utterance utterance{way->kind, std::string(text), {}};
  const bool number = way->kind == Kind::cardinal || way->kind == Kind::ordinal;
  if (number && !whole_number(text)) return std::nullopt;
  if (way->kind == Kind::telephone && text.find_first_of("0123456789") == text.npos) return std::nullopt;
  if (way->kind == Kind::date) {
    constexpr std::string_view kOrders[] = {"mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y"};
    if (format.empty()) {
      utterance.kind = Kind::words;
    } else if (std::find(std::begin(kOrders), std::end(kOrders), format) == std::end(kOrders) ||
               !date_of(text, format)) {
      return std::nullopt;
    }
    utterance.detail = format;
  }
  return utterance;
}

std::u32string as_written(const Document& document, std::u32string_view text) {
  std::u32string written;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Utterance* entry = entry_at(document, text, i);
    if (entry) ++i;
    written += entry ? to_code_points(entry->word) : std::u32string(1, text[i]);
  }
  return written;
}

std::u32string Utterances::letters_of(std::size_t index) {
  return {kFirst + static_cast<char32_t>(index / kLetters), kFirst + static_cast<char32_t>(index % kLetters)};
}

Utterances::Utterances(Document& document, const Language& language, bool phonemes_told, std::size_t limit)
    : document_(document) {
  if (document.utterances.empty()) return;
  const auto stays = [&](const Utterance& entry) {
    return phonemes_told && entry.kind == Utterance::Kind::phonemes &&
           count_code_points(entry.word) + count_code_points(entry.detail) + 6 <= limit / 2;
  };
  for (const Utterance& entry : document.utterances)
    if (stays(entry)) require_phonemes(entry.detail, entry.word, std::string(language.name));
  for (Block& block : document.blocks) {
    Block said = block;
    said.text.clear();
    said.source.clear();
    for (std::size_t i = 0; i < block.text.size(); ++i) {
      const Utterance* entry = entry_at(document, block.text, i);
      if (entry) document.reworded.push_back({block.source[i], block.source[i + 1] + std::size_t{1}});
      if (!entry || stays(*entry)) {
        said.append(block.text[i], block.source[i]);
        continue;
      }
      const auto words = said_of(*entry, language);
      for (std::size_t k = 0; k < words.size(); ++k)
        said.append(words[k], k + 1 < words.size() ? block.source[i] : block.source[i + 1]);
      ++i;
    }
    block = std::move(said);
  }
}

std::string Utterances::restore(const std::string& spoken) const {
  if (document_.utterances.empty()) return spoken;
  const std::u32string text = to_code_points(spoken);
  std::string restored;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const Utterance* entry = entry_at(document_, text, i)) {
      restored += "[" + entry->word + "](/" + entry->detail + "/)";
      ++i;
    } else {
      restored += to_utf8(text.substr(i, 1));
    }
  }
  return restored;
}

}  // namespace lectern::text
