#include "worker/kokoro/phonemes.h"

#include <algorithm>
#include <array>

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

// espeak-ng's IPA -> the model's symbols, one after the other. British and American English differ.
constexpr Replacement kBritishFirst[] = {{"e^ə", "ɛː"}};
constexpr Replacement kEnglish[] = {
    {"ʔˌn\u0329", "ʔn"}, {"ʔn\u0329", "ʔn"}, {"a^ɪ", "I"}, {"a^ʊ", "W"}, {"d^ʒ", "ʤ"}, {"e^ɪ", "A"},  {"t^ʃ", "ʧ"},
    {"ɔ^ɪ", "Y"},        {"ə^l", "ᵊl"},      {"ʲo", "jo"}, {"ʲə", "jə"}, {"e", "A"},   {"ʲ", ""},     {"ɚ", "əɹ"},
    {"r", "ɹ"},          {"x", "k"},         {"ç", "k"},   {"ɐ", "ə"},   {"ɬ", "l"},   {"\u0303", ""}};
constexpr Replacement kBritish[] = {{"i^ə", "ɪə"}, {"iə", "ɪə"}, {"ə^ʊ", "Q"}};
constexpr Replacement kAmerican[] = {{"o^ʊ", "O"}, {"ɜːɹ", "ɜɹ"}, {"ɜː", "ɜɹ"}, {"ɪə", "iə"}, {"ː", ""}};
constexpr Replacement kEnglishLast[] = {{"ɹɹ", "ɹ"}, {"o", "ɔ"}, {"ɾ", "T"}, {"ʔ", "t"}, {"^", ""}, {"\u0329", ""}};
// The other languages keep espeak-ng's IPA; only what is one symbol to the model is joined. ("r." is espeak-ng's own
// name of a Hindi sound; its full stop would be read as the end of a sentence.)
constexpr Replacement kOthers[] = {{"r.", "ɽ"},  {"a^ɪ", "I"}, {"a^ʊ", "W"}, {"d^z", "ʣ"}, {"d^ʒ", "ʤ"},
                                   {"e^ɪ", "A"}, {"o^ʊ", "O"}, {"ə^ʊ", "Q"}, {"s^s", "S"}, {"t^s", "ʦ"},
                                   {"t^ʃ", "ʧ"}, {"ɔ^ɪ", "Y"}, {"^", ""},    {"-", ""}};

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

// A consonant that carries a syllable (with U+0329 under it) is spoken with a schwa before it.
std::string with_syllabic_schwas(std::string_view phonemes) {
  std::string out;
  std::string_view last;
  for (; !phonemes.empty(); phonemes.remove_prefix(last.size())) {
    const std::string_view character = first_character(phonemes);
    if (character == "\u0329" && !last.empty() && last != " " && last != "\u0329") {
      out.insert(out.size() - last.size(), "ᵊ");
    } else {
      out += character;
    }
    last = character;
  }
  return out;
}

std::string mapped(std::string phonemes, const std::string& language) {
  const bool british = language == "en-gb";
  if (!british && language != "en-us") {
    replace_all(phonemes, kOthers);
    return phonemes;
  }
  if (british) replace_all(phonemes, kBritishFirst);
  replace_all(phonemes, kEnglish);
  phonemes = with_syllabic_schwas(phonemes);
  british ? replace_all(phonemes, kBritish) : replace_all(phonemes, kAmerican);
  replace_all(phonemes, kEnglishLast);
  return phonemes;
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

}  // namespace

std::string_view first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return text.substr(0, std::min(length, text.size()));
}

bool is_silent(std::string_view symbol) { return symbol == " " || among(symbol, kPunctuation); }

std::string phonemes_of(const std::string& text, const std::string& language) {
  const std::string clean = spelled(text);
  std::string out, words;
  const auto speak_words = [&] {
    // The spaces round the words belong to the punctuation: espeak-ng would lose them.
    const std::size_t first = words.find_first_not_of(' '), last = words.find_last_not_of(' ');
    if (first == std::string::npos) {
      out += words;
    } else {
      out += words.substr(0, first);
      out += mapped(espeak_phonemes(words.substr(first, last + 1 - first), language), language);
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

}  // namespace lectern::kokoro
