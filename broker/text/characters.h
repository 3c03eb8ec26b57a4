// Kinds of characters, and UTF-8 to and from code points. Everything in this folder works on code points, because
// positions are counted in them.
#pragma once

#include <string>
#include <string_view>

namespace lectern::text {

// Ill-formed bytes become U+FFFD, one for each maximal ill-formed piece.
std::u32string to_code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view text);

std::size_t count_code_points(std::string_view utf8);

// Beyond ASCII, by the Unicode database; the inline functions below keep the common case cheap.
bool is_space_beyond_ascii(char32_t c);
bool is_letter_beyond_ascii(char32_t c);
bool is_number_beyond_ascii(char32_t c);
bool is_mark(char32_t c);  // combining marks
bool is_upper(char32_t c);
bool is_lower(char32_t c);
char32_t lower(char32_t c);
std::u32string lower(std::u32string_view text);

inline bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

// White space, line ends and control characters.
inline bool is_space(char32_t c) { return c < 128 ? c <= 32 || c == 127 : is_space_beyond_ascii(c); }

inline bool is_letter(char32_t c) {
  return c < 128 ? (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') : is_letter_beyond_ascii(c);
}

// What words are made of: letters, their marks, digits and other numbers.
inline bool is_word(char32_t c) {
  return c < 128 ? is_letter(c) || is_digit(c) : is_letter_beyond_ascii(c) || is_mark(c) || is_number_beyond_ascii(c);
}

// Characters that nobody sees: soft hyphens, zero-width spaces, byte-order marks, variation selectors, directions.
bool is_invisible(char32_t c);

bool is_dash(char32_t c);      // hyphens and dashes
bool is_opening(char32_t c);   // opening quotes and brackets
bool is_closing(char32_t c);   // closing quotes and brackets; straight quotes are both
bool is_terminal(char32_t c);  // . ! ? and their like: ends of sentences

inline char32_t at(std::u32string_view text, std::size_t i) { return i < text.size() ? text[i] : U'\0'; }
inline char32_t before(std::u32string_view text, std::size_t i) { return i > 0 ? text[i - 1] : U'\0'; }

// Whether anything in it can be spoken: a letter or a number.
bool has_words(std::u32string_view text);

// Whether the text ends like a sentence: ., !, ? ... before any closing quotes and brackets.
bool ends_sentence(std::u32string_view text);

std::u32string_view trim(std::u32string_view text);

// The text on one line, with single blanks.
std::string one_line(std::string_view utf8);

}  // namespace lectern::text
