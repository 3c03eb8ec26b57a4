// A word of a script with its pronunciation: "[tomato](/təˈmɑːtoʊ/)".
//
// Markdown writes links to pages of the same site in this way: "[Terms](/terms/)". What stands between the slashes is a
// pronunciation only when all of it is IPA and something in it is in no alphabet that people write in: a stress or
// length mark, or a letter such as ɪ. So "[bøker](/bøker/)" stays a link.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lectern::text {

struct Pronunciation {
  std::size_t size = 0;   // with all brackets
  std::string word, ipa;  // without them, and without slashes
};

// The one at the beginning of a text; nothing: ordinary text. It ends on its line.
std::optional<Pronunciation> pronunciation_at(std::u32string_view text);

// "/təˈmɑːtoʊ/", as the target of a link.
bool is_pronunciation(std::u32string_view target);

}  // namespace lectern::text
