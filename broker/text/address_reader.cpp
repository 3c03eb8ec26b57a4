// Web addresses and e-mail, said plainly: "www dot example dot com slash a".
#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

constexpr std::u32string_view kSchemes[] = {U"https://", U"http://", U"ftp://", U"mailto:"};
constexpr std::u32string_view kEndings[] = {U"com", U"org", U"net", U"edu", U"gov", U"io", U"uk", U"de", U"fr", U"es", U"it", U"br", U"eu", U"info", U"ai", U"dev", U"ca", U"au"};

std::size_t token_end(std::u32string_view text, std::size_t i) {
  constexpr std::u32string_view kOutside = U"<>\"“”‘’«»|[]{}()*`";
  std::size_t end = i;
  while (end < text.size() && !is_space(text[end]) && kOutside.find(text[end]) == kOutside.npos) ++end;
  constexpr std::u32string_view kTrailing = U".,;:!?'_—–-/";
  while (end > i && kTrailing.find(text[end - 1]) != kTrailing.npos) --end;
  return end;
}

bool is_ascii_host(std::u32string_view host) {
  for (char32_t c : host)
    if (!is_letter(c) && !is_digit(c) && c != U'.' && c != U'-' && c != U':') return false;
  return !host.empty() && is_word(host.front());
}

bool is_domain(std::u32string_view host) {
  const auto dot = host.rfind(U'.');
  if (dot == host.npos || dot == 0 || host.find(U"..") != host.npos || !is_ascii_host(host)) return false;
  const auto ending = host.substr(dot + 1);
  for (const auto known : kEndings)
    if (known == ending) return host.substr(0, dot).size() >= 2;
  return false;
}

std::u32string_view word_for(const Language& language, char32_t c) {
  switch (c) {
    case U'.': return language.dot;
    case U'/': return language.slash;
    case U'-': return language.english ? U"dash" : U"-";
    case U'_': return language.english ? U"underscore" : U"";
    case U':': return language.english ? U"colon" : U"";
    case U'?': return language.english ? U"question mark" : U"";
    case U'#': return language.english ? U"hash" : U"";
    case U'~': return language.english ? U"tilde" : U"";
    default: break;
  }
  for (const SignWord& sign : *language.signs)
    if (sign.sign[0] == c) return sign.word;
  return {};
}

std::u32string spell(const Sentence& s, std::u32string_view address) {
  std::u32string spoken;
  for (std::size_t i = 0; i < address.size();) {
    std::size_t end = i;
    std::u32string word;
    if (is_digit(address[i])) {
      while (end < address.size() && is_digit(address[end])) ++end;
      word = s.spell.digits(address.substr(i, end - i));
    } else if (is_word(address[i])) {
      while (end < address.size() && is_word(address[end]) && !is_digit(address[end])) ++end;
      word = address.substr(i, end - i);
    } else {
      word = word_for(s.language, address[end++]);
    }
    if (!spoken.empty() && !word.empty()) spoken += U' ';
    spoken += word;
    i = end;
  }
  return spoken;
}

}  // namespace

std::optional<Reading> read_address(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (is_word(before(text, i)) || before(text, i) == U'@' || before(text, i) == U'.') return std::nullopt;
  const std::size_t end = token_end(text, i);
  auto token = text.substr(i, end - i);
  if (token.size() < 4) return std::nullopt;
  bool scheme = false;
  for (const auto known : kSchemes)
    if (token.size() > known.size() && lower(token.substr(0, known.size())) == known) {
      token.remove_prefix(known.size());
      scheme = true;
      break;
    }
  const auto place = token.find(U'@');
  const auto host = token.substr(0, token.find_first_of(U"/?#"));
  const bool mail = place != token.npos && place > 0 && is_ascii_host(token.substr(place + 1)) && token.find(U'.', place) != token.npos;
  if (!scheme && !mail && !(lower(token.substr(0, 4)) == U"www." && is_ascii_host(host)) && !is_domain(host)) return std::nullopt;
  if (token.empty()) return std::nullopt;
  return Reading{end, spell(s, token)};
}

}  // namespace lectern::text
