#include "worker/chatterbox/punc_norm.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

namespace lectern::chatterbox {

namespace {

// What Python's str.split() takes for white space.
bool is_space(UChar32 c) { return u_isUWhiteSpace(c) || (c >= 0x1C && c <= 0x1F); }

icu::UnicodeString words_apart_by_one_space(const icu::UnicodeString& text) {
  icu::UnicodeString joined;
  bool space = false;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (is_space(c)) {
      space = !joined.isEmpty();
    } else {
      if (space) joined.append(u' ');
      space = false;
      joined.append(c);
    }
  }
  return joined;
}

struct Replacement {
  const char16_t *from, *to;
};
// One after the other, each on what the ones before it made.
constexpr Replacement kReplacements[] = {{u"…", u", "}, {u":", u","},  {u"—", u"-"}, {u"–", u"-"}, {u" ,", u","},
                                         {u"“", u"\""}, {u"”", u"\""}, {u"‘", u"'"}, {u"’", u"'"}};

}  // namespace

std::string punc_norm(std::string_view utf8) {
  if (utf8.empty()) return "You need to add some text for me to talk.";
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<int>(utf8.size())));
  // The very first character, before white space is tidied: a blank before it keeps it as it is.
  const UChar32 first = text.char32At(0);
  if (u_hasBinaryProperty(first, UCHAR_LOWERCASE)) {
    text.replace(0, U16_LENGTH(first), icu::UnicodeString(first).toUpper(icu::Locale::getRoot()));
  }
  text = words_apart_by_one_space(text);
  for (const auto& [from, to] : kReplacements) text.findAndReplace(from, to);
  while (text.endsWith(u' ')) text.truncate(text.length() - 1);
  const bool ended = !text.isEmpty() && icu::UnicodeString(u".!?-,").indexOf(text[text.length() - 1]) >= 0;
  if (!ended) text.append(u'.');
  std::string result;
  text.toUTF8String(result);
  return result;
}

}  // namespace lectern::chatterbox
