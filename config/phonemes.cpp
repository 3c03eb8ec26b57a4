#include "config/phonemes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "config/fault.h"
#include "config/file.h"
#include "config/paths.h"

namespace lectern {
namespace {

struct Replacement {
  std::string_view from, to;
};

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

// What people write -> what espeak-ng would give.
constexpr Replacement kWritten[] = {{"\u0361", "^"}, {"\u035C", "^"}, {"g", "ɡ"},  {"ɫ", "l"}, {"ʍ", "w"},
                                    {"ɝ", "ɜː"},     {"'", "ˈ"},      {"ʼ", "ˈ"},  {":", "ː"}, {".", ""},
                                    {"‿", ""},       {"ʦ", "t^s"},    {"ʣ", "d^z"}};
constexpr Replacement kUntied[] = {{"tʃ", "t^ʃ"}, {"dʒ", "d^ʒ"}, {"aɪ", "a^ɪ"}, {"aʊ", "a^ʊ"},
                                   {"eɪ", "e^ɪ"}, {"ɔɪ", "ɔ^ɪ"}, {"oʊ", "o^ʊ"}, {"əʊ", "ə^ʊ"}};
constexpr std::string_view kVowels[] = {"a", "ɑ", "ɒ", "æ", "ə", "ɚ", "ɛ", "ɜ", "ɪ", "i", "ɨ", "ɔ", "o", "ʊ", "u", "ʌ",
                                        "e", "y", "ø", "œ", "ɐ", "ɯ", "ɤ", "A", "I", "O", "W", "Y", "Q", "ᵊ", "ᵻ"};

template <std::size_t count>
void replace_all(std::string& text, const Replacement (&replacements)[count]) {
  for (const auto& [from, to] : replacements) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
}

std::string_view first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return text.substr(0, std::min(length, text.size()));
}

bool is_vowel(std::string_view character) {
  return std::find(std::begin(kVowels), std::end(kVowels), character) != std::end(kVowels);
}

// "ˈtʃʌm" -> "tʃˈʌm": each stress waits for the next vowel of its word.
std::string with_stress_at_vowels(std::string_view ipa) {
  std::string out, stress;
  for (std::string_view character; !ipa.empty(); ipa.remove_prefix(character.size())) {
    character = first_character(ipa);
    if (character == "ˈ" || character == "ˌ") {
      stress = character;
      continue;
    }
    if (character == " " || is_vowel(character)) out += std::exchange(stress, "");
    out += character;
  }
  return out + stress;
}

// "e" alone is the vowel of "dress" in dictionaries, and another one to espeak-ng.
std::string with_short_e(std::string_view ipa) {
  std::string out;
  for (std::string_view character; !ipa.empty(); ipa.remove_prefix(character.size())) {
    character = first_character(ipa);
    out += character == "e" && !ipa.substr(1).starts_with("^") ? "ɛ" : character;
  }
  return out;
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

}  // namespace

std::string phonemes_of_espeak(std::string phonemes, const std::string& language) {
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

namespace {

const std::set<std::string>& known_phonemes() {
  static const std::set<std::string> known = [] {
    const std::filesystem::path file = installed_file("kokoro-tokenizer.json");
    std::set<std::string> symbols;
    const auto tokenizer = nlohmann::json::parse(read_file(file), nullptr, false);
    if (!tokenizer.is_object() || !tokenizer.contains("model"))
      throw Fault(Exit::internal, file.string() + " holds no symbols", "install Lectern again");
    for (const auto& [symbol, id] : tokenizer["model"]["vocab"].items()) symbols.insert(symbol);
    for (const char* mark : {"$", ";", ":", ",", ".", "!", "?", "—", "…", "\"", "(", ")", "“", "”"})
      symbols.erase(mark);
    return symbols;
  }();
  return known;
}

}  // namespace

std::string phonemes_of_ipa(std::string_view written, const std::string& language) {
  std::string ipa(written);
  replace_all(ipa, kWritten);
  const bool british = language == "en-gb", english = british || language == "en-us";
  if (english) {
    constexpr Replacement kSquare[] = {{"eə", "e^ə"}}, kSquareInAmerica[] = {{"eə", "ɛ"}};
    british ? replace_all(ipa, kSquare) : replace_all(ipa, kSquareInAmerica);
  }
  replace_all(ipa, kUntied);
  if (english) ipa = with_short_e(ipa);
  return phonemes_of_espeak(with_stress_at_vowels(ipa), language);
}

std::string unknown_phoneme(std::string_view ipa, const std::string& language) {
  std::string first;
  for (const std::string& spoken :
       language.empty() ? std::vector<std::string>{"en-us", "en-gb", "es"} : std::vector<std::string>{language}) {
    const std::string phonemes = phonemes_of_ipa(ipa, spoken);
    std::string unknown;
    for (std::string_view rest = phonemes, character; !rest.empty() && unknown.empty();
         rest.remove_prefix(character.size())) {
      character = first_character(rest);
      if (!known_phonemes().count(std::string(character))) unknown = character;
    }
    if (unknown.empty()) return {};
    if (first.empty()) first = unknown;
  }
  return first;
}

void require_phonemes(const std::string& ipa, const std::string& word, const std::string& language,
                      const std::string& whose) {
  if (const std::string unknown = unknown_phoneme(ipa, language); !unknown.empty())
    throw Fault(Exit::bad_input,
                whose + "'" + unknown + "' in /" + ipa + "/ for '" + word +
                    "' is no phoneme of this voice's language (" + language + ")",
                "write IPA as dictionaries do, as in /ˈtʃʌmli/");
}

}  // namespace lectern
