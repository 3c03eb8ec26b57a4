#include "broker/text/characters.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace lectern::text {

std::u32string to_code_points(std::string_view utf8) {
  std::u32string text;
  text.reserve(utf8.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const std::size_t size = utf8.size();
  for (std::size_t i = 0; i < size;) {
    UChar32 c;
    U8_NEXT_OR_FFFD(bytes, i, size, c);
    text.push_back(static_cast<char32_t>(c));
  }
  return text;
}

std::size_t count_code_points(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string to_utf8(std::u32string_view text) {
  std::string utf8;
  utf8.reserve(text.size() + text.size() / 8);
  for (char32_t c : text) {
    if (c < 0x80) {
      utf8.push_back(static_cast<char>(c));
      continue;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) c = 0xfffd;
    std::uint8_t buffer[4];
    int length = 0;
    U8_APPEND_UNSAFE(buffer, length, c);
    utf8.append(reinterpret_cast<char*>(buffer), length);
  }
  return utf8;
}

bool is_space_beyond_ascii(char32_t c) {
  return c <= 0x9f || c == 0xa0 || (c >= 0x1680 && u_isUWhiteSpace(static_cast<UChar32>(c)));
}
bool is_letter_beyond_ascii(char32_t c) { return u_isalpha(static_cast<UChar32>(c)); }
bool is_number_beyond_ascii(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0; }
bool is_mark(char32_t c) { return c >= 0x300 && (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_M_MASK) != 0; }
bool is_upper(char32_t c) { return c < 128 ? c >= U'A' && c <= U'Z' : u_isupper(static_cast<UChar32>(c)); }
bool is_lower(char32_t c) { return c < 128 ? c >= U'a' && c <= U'z' : u_islower(static_cast<UChar32>(c)); }

char32_t lower(char32_t c) {
  if (c < 128) return c >= U'A' && c <= U'Z' ? c + 32 : c;
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

std::u32string lower(std::u32string_view text) {
  std::u32string lowered(text);
  for (char32_t& c : lowered) c = lower(c);
  return lowered;
}

bool is_invisible(char32_t c) {
  if (c < 0xad) return false;
  return c == 0xad || c == 0x34f || c == 0x61c || c == 0x200b || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
         c == 0xfffc || c == 0xfffd || c >= 0xe0000;
}

bool is_dash(char32_t c) { return c == U'-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212; }

bool is_opening(char32_t c) { return std::u32string_view(U"([{“‘«‹„‚\"'¿¡").find(c) != std::u32string_view::npos; }

bool is_closing(char32_t c) { return std::u32string_view(U")]}”’»›\"'“").find(c) != std::u32string_view::npos; }

bool is_terminal(char32_t c) {
  return c == U'.' || c == U'!' || c == U'?' || (c >= 0x203c && c <= 0x2049 && (c == 0x203c || c >= 0x2047)) ||
         c == U'…' || c == U'।' || c == U'॥' || c == U'。' || c == U'！' || c == U'？' || c == U'؟' || c == U'‽';
}

bool has_words(std::u32string_view text) {
  for (char32_t c : text)
    if (is_letter(c) || is_digit(c) || (c >= 128 && is_number_beyond_ascii(c))) return true;
  return false;
}

bool ends_sentence(std::u32string_view text) {
  std::size_t i = text.size();
  while (i > 0 && (is_space(text[i - 1]) || is_closing(text[i - 1]) || text[i - 1] == U'_' || text[i - 1] == U'*')) --i;
  return i > 0 && is_terminal(text[i - 1]);
}

std::u32string_view trim(std::u32string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string one_line(std::string_view utf8) {
  std::u32string line;
  for (const char32_t c : to_code_points(utf8)) {
    if (!is_space(c)) line += c;
    else if (!line.empty() && line.back() != U' ') line += U' ';
  }
  return to_utf8(trim(line));
}

}  // namespace lectern::text
