#include "broker/text/respelling.h"

#include <algorithm>

#include "broker/text/characters.h"
#include "broker/text/segmenter.h"

namespace lectern::text {
namespace {

constexpr char32_t kFirst = 0x10600, kMost = 311;

bool is_placeholder(char32_t c) { return c >= kFirst && c < kFirst + kMost; }

bool stands_alone(std::u32string_view text, std::size_t begin, std::size_t end) {
  const bool joins_before = begin > 0 && is_word(text[begin]) && is_word(text[begin - 1]);
  const bool joins_behind = end < text.size() && is_word(text[end - 1]) && is_word(text[end]);
  return !joins_before && !joins_behind;
}

bool matches(std::u32string_view word, bool whole_word, bool match_case, std::u32string_view text,
             std::u32string_view lower, std::size_t at) {
  if ((match_case ? text : lower).substr(at, word.size()) != word) return false;
  return !whole_word || stands_alone(text, at, at + word.size());
}

// One character for one, unlike whole strings: positions stay.
std::u32string lower_by_one(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) c = lower(c);
  return out;
}

}  // namespace

Respelling::Respelling(const Lexicon& lexicon, const std::string& voice, const std::string& language, bool phonemes)
    : voice_(voice), language_(language) {
  for (const LexiconEntry& e : lexicon) {
    if (e.phonemes && !phonemes) continue;
    const std::u32string written = to_code_points(e.word);
    if (written.empty()) continue;
    const std::string spoken = e.phonemes ? e.spoken : normalise(e.spoken, language);
    entries_[lower(written[0])].push_back({e.match_case ? written : lower_by_one(written), to_code_points(spoken),
                                           e.voice, e.phonemes, e.whole_word, e.match_case});
  }
  // The longest, then those that say more, then the later one: it comes from the stronger place.
  for (auto& [letter, entries] : entries_) {
    std::reverse(entries.begin(), entries.end());
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      if (a.word.size() != b.word.size()) return a.word.size() > b.word.size();
      if (a.voice.empty() != b.voice.empty()) return b.voice.empty();
      return a.match_case && !b.match_case;
    });
  }
}

const Respelling::Entry* Respelling::match(std::u32string_view text, std::u32string_view lower_text, std::size_t at,
                                           const std::string& voice) const {
  const auto found = entries_.find(lower_text[at]);
  if (found == entries_.end()) return nullptr;
  for (const Entry& entry : found->second)
    if ((entry.voice.empty() || entry.voice == voice) &&
        matches(entry.word, entry.whole_word, entry.match_case, text, lower_text, at))
      return &entry;
  return nullptr;
}

std::string Respelling::speak(std::u32string_view written, const std::string& voice) const {
  if (entries_.empty() || std::any_of(written.begin(), written.end(), is_placeholder))
    return normalise(to_utf8(written), language_);
  const std::u32string lower_text = lower_by_one(written);
  std::u32string text;
  std::vector<std::u32string> spoken;
  for (std::size_t i = 0; i < written.size();) {
    const Entry* entry =
        spoken.size() < kMost ? match(written, lower_text, i, voice.empty() ? voice_ : voice) : nullptr;
    if (!entry) {
      text += written[i++];
      continue;
    }
    text += kFirst + static_cast<char32_t>(spoken.size());
    const std::u32string word(written.substr(i, entry->word.size()));
    spoken.push_back(entry->phonemes ? U"[" + word + U"](/" + entry->spoken + U"/)" : entry->spoken);
    i += entry->word.size();
  }
  const std::string normalised = normalise(to_utf8(text), language_);
  if (spoken.empty()) return normalised;
  std::u32string out;
  for (const char32_t c : to_code_points(normalised)) {
    if (is_placeholder(c) && c - kFirst < spoken.size())
      out += spoken[c - kFirst];
    else
      out += c;
  }
  return to_utf8(out);
}

std::vector<std::string> words_in(const Lexicon& lexicon, std::string_view utf8) {
  std::vector<std::string> found;
  if (lexicon.empty()) return found;
  const std::u32string text = to_code_points(utf8), lower_text = lower_by_one(text);
  for (const LexiconEntry& e : lexicon) {
    const std::u32string written = to_code_points(e.word), word = e.match_case ? written : lower_by_one(written);
    const std::u32string& where = e.match_case ? text : lower_text;
    for (std::size_t at = where.find(word); at != std::u32string::npos; at = where.find(word, at + 1)) {
      if (e.whole_word && !stands_alone(text, at, at + word.size())) continue;
      found.push_back(e.word);
      break;
    }
  }
  return found;
}

}  // namespace lectern::text
