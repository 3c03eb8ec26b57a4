#include "broker/text/pronunciation.h"

#include <algorithm>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLongest = 100;  // characters of the word, and of its sounds

// Marks and letters of IPA alone.
constexpr std::u32string_view kCertain = U"ˈˌːˑɑɐɒɘɚɜɝɞɤɪɨɯɵɶʉʊʌʏɕɟɡɥɦɫɬɭɮɰɱɳɴɸɹɺɻɽɾʀʁʂʃʈʎʍʐʑʔʕʝʟʣʤʥʦʧʨᵊᵻ";
// Those that are in somebody's alphabet, and signs.
constexpr std::u32string_view kShared = U"æçðøœħŋəɛɔɓɖɗɠɣɲʄʋʒβθχʰʲʷˠˤⁿˡ‿ .";

bool is_diacritic(char32_t c) { return c >= 0x300 && c <= 0x36f; }

bool is_ipa(char32_t c) {
  return (c >= U'a' && c <= U'z') || is_diacritic(c) || kCertain.find(c) != kCertain.npos ||
         kShared.find(c) != kShared.npos;
}

}  // namespace

bool is_pronunciation(std::u32string_view target) {
  if (target.size() < 3 || target.size() > kLongest + 2 || target.front() != U'/' || target.back() != U'/')
    return false;
  const std::u32string_view ipa = target.substr(1, target.size() - 2);
  return std::all_of(ipa.begin(), ipa.end(), is_ipa) && ipa.find_first_of(kCertain) != ipa.npos &&
         ipa.find_first_not_of(U"ˈˌːˑ‿ .") != ipa.npos;
}

std::optional<Pronunciation> pronunciation_at(std::u32string_view text) {
  if (at(text, 0) != U'[') return std::nullopt;
  const std::size_t close = text.substr(0, kLongest + 2).find_first_of(U"[]\r\n", 1);
  if (close == text.npos || text[close] != U']' || at(text, close + 1) != U'(') return std::nullopt;
  const std::size_t begin = close + 2, end = text.substr(0, begin + kLongest + 3).find_first_of(U")\r\n", begin);
  if (end == text.npos || text[end] != U')' || !is_pronunciation(text.substr(begin, end - begin))) return std::nullopt;
  std::u32string_view word = text.substr(1, close - 1);
  while (!word.empty() && !is_word(word.front())) word.remove_prefix(1);  // emphasis of Markdown
  while (!word.empty() && !is_word(word.back())) word.remove_suffix(1);
  if (word.empty()) return std::nullopt;
  return Pronunciation{end + 1, one_line(to_utf8(word)), to_utf8(trim(text.substr(begin + 1, end - begin - 2)))};
}

}  // namespace lectern::text
