#include "worker/kokoro/phonemes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <optional>

#include "config/phonemes.h"
#include "worker/kokoro/espeak.h"

namespace lectern::kokoro {

namespace {

struct Replacement {
  std::string_view from, to;
};

// Before espeak-ng sees the text.
constexpr Replacement kSpellings[] = {{"‘", "'"}, {"’", "'"}, {"«", "“"}, {"»", "”"}, {"[", "("}, {"]", ")"},
                                      {"{", "("}, {"}", ")"}, {"¡", " "}, {"¿", " "}, {"।", "."}};
constexpr std::string_view kSpaces[] = {" ",      "\t",     "\n",     "\r",     "\v",     "\f",     "\u00A0",
                                        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                        "\u2007", "\u2008", "\u2009", "\u200A", "\u202F", "\u205F", "\u3000"};
constexpr std::string_view kPunctuation[] = {";", ":", ",",  ".", "!", "?", "¡", "¿",
                                             "—", "…", "\"", "“", "”", "(", ")"};

template <std::size_t count>
void replace_all(std::string& text, const Replacement (&replacements)[count]) {
  for (const auto& [from, to] : replacements) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
}

template <std::size_t count>
bool among(std::string_view character, const std::string_view (&characters)[count]) {
  return std::find(std::begin(characters), std::end(characters), character) != std::end(characters);
}

std::string spelled(std::string_view text) {  // white space collapsed, quotes and brackets made alike
  std::string out;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    text.remove_prefix(character.size());
    if (!among(character, kSpaces)) {
      out += character;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  replace_all(out, kSpellings);
  return out;
}

// "[word](/ipa/)": where it stands in the text, and the transcription in it.
struct Inline {
  std::size_t begin = 0, end = 0;
  std::string_view ipa;
};

std::optional<Inline> next_inline(std::string_view text, std::size_t from) {
  for (std::size_t begin = from; (begin = text.find('[', begin)) != std::string_view::npos; ++begin) {
    const std::size_t word = text.find_first_of("[]", begin + 1);
    if (word == std::string_view::npos || text.substr(word, 3) != "](/") continue;
    const std::size_t last = text.find("/)", word + 3);
    if (last == std::string_view::npos || last == word + 3) continue;
    return Inline{begin, last + 2, text.substr(word + 3, last - word - 3)};
  }
  return std::nullopt;
}

// How "'s" behind a transcription sounds; `rest` goes on behind it.
std::string possessive(std::string_view phonemes, std::string_view& rest) {
  for (const std::string_view mark : {"'s", "’s"}) {
    if (!rest.starts_with(mark)) continue;
    const std::string_view behind = rest.substr(mark.size());
    if (!behind.empty() && (std::isalnum(static_cast<unsigned char>(behind[0])) || behind[0] & 0x80)) return {};
    rest = behind;
    const auto ends = [&](std::initializer_list<std::string_view> sounds) {
      return std::any_of(sounds.begin(), sounds.end(), [&](auto sound) { return phonemes.ends_with(sound); });
    };
    return ends({"s", "z", "ʃ", "ʒ", "ʧ", "ʤ"}) ? "ᵻz" : ends({"p", "t", "k", "f", "θ"}) ? "s" : "z";
  }
  return {};
}

}  // namespace

std::string_view first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return text.substr(0, std::min(length, text.size()));
}

bool is_silent(std::string_view symbol) { return symbol == " " || among(symbol, kPunctuation); }

namespace {

std::string phonemes_of_words(std::string_view text, const std::string& language) {
  const std::string clean = spelled(text);
  std::string out, words;
  const auto speak_words = [&] {
    // The spaces round the words belong to the punctuation: espeak-ng would lose them.
    const std::size_t first = words.find_first_not_of(' '), last = words.find_last_not_of(' ');
    if (first == std::string::npos) {
      out += words;
    } else {
      out += words.substr(0, first);
      out += phonemes_of_espeak(espeak_phonemes(words.substr(first, last + 1 - first), language), language);
      out += words.substr(last + 1);
    }
    words.clear();
  };
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view character = first_character(rest);
    rest.remove_prefix(character.size());
    if (among(character, kPunctuation)) {
      speak_words();
      out += character;
    } else {
      words += character;
    }
  }
  speak_words();
  return out;
}

}  // namespace

std::string phonemes_of(const std::string& text, const std::string& language) {
  if (!next_inline(text, 0)) return phonemes_of_words(text, language);
  const bool english = language == "en-us" || language == "en-gb";
  std::string out;
  std::string_view rest = text;
  const auto speak_words = [&](std::string_view words) {
    if (words.empty()) return;
    if (among(words.substr(0, 1), kSpaces)) out += ' ';
    out += phonemes_of_words(words, language);
    if (among(words.substr(words.size() - 1), kSpaces)) out += ' ';
  };
  while (const auto found = next_inline(rest, 0)) {
    speak_words(rest.substr(0, found->begin));
    const std::string phonemes = phonemes_of_ipa(found->ipa, language);
    rest.remove_prefix(found->end);
    out += phonemes;
    if (english) out += possessive(phonemes, rest);
  }
  speak_words(rest);
  return out;
}

}  // namespace lectern::kokoro
