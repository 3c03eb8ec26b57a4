#include "broker/text/typography.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

std::u32string compose(std::u32string text) {
  bool may_compose = false;
  for (char32_t c : text) may_compose = may_compose || c >= 0x300;
  if (!may_compose) return text;
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return text;
  const auto utf16 = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                                   static_cast<std::int32_t>(text.size()));
  if (nfc->isNormalized(utf16, status)) return text;
  const auto composed = nfc->normalize(utf16, status);
  if (U_FAILURE(status)) return text;
  std::u32string result;
  for (std::int32_t i = 0; i < composed.length(); i = composed.moveIndex32(i, 1))
    result.push_back(static_cast<char32_t>(composed.char32At(i)));
  return result;
}

// Digits of other scripts, circled figures, one-character Roman numerals: ASCII figures. Fractions and powers stay.
bool as_figures(char32_t c, std::u32string& cleaned) {
  if (c < 0x660) return false;
  const int digit = u_charDigitValue(static_cast<UChar32>(c));
  if (digit >= 0 && u_isdigit(static_cast<UChar32>(c))) {
    cleaned += U'0' + static_cast<char32_t>(digit);
    return true;
  }
  const auto mask = U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_NL_MASK | U_GC_NO_MASK);
  if (mask == 0 || (c >= 0x2070 && c < 0x2090) || (c >= 0x2150 && c < 0x2160) || c == 0x2189) return false;
  const double value = u_getNumericValue(static_cast<UChar32>(c));
  if (value < 0 || value > 1e6 || value != static_cast<int>(value)) return false;
  if (!cleaned.empty() && is_word(cleaned.back())) cleaned += U' ';
  for (char digit_of_value : std::to_string(static_cast<int>(value))) cleaned += static_cast<char32_t>(digit_of_value);
  return true;
}

// A thin or no-break blank that groups digits: 10 000.
bool groups_digits(std::u32string_view text, std::size_t i) {
  const char32_t c = text[i];
  if (c != 0xa0 && c != 0x202f && c != 0x2009) return false;
  if (!is_digit(before(text, i)) || is_digit(at(text, i + 4))) return false;
  return is_digit(at(text, i + 1)) && is_digit(at(text, i + 2)) && is_digit(at(text, i + 3));
}

// Pictures and lines: emoji, arrows, box drawing, private use; nothing a voice can say.
bool is_picture(char32_t c) {
  if (c < 0x2190) return false;
  const auto mask = U_GET_GC_MASK(static_cast<UChar32>(c));
  return (mask & (U_GC_SO_MASK | U_GC_SM_MASK | U_GC_SK_MASK | U_GC_CO_MASK | U_GC_CN_MASK | U_GC_CS_MASK)) != 0;
}

class Typesetter {
 public:
  explicit Typesetter(std::u32string_view text) : text_(text) { out_.reserve(text.size()); }

  std::u32string set() {
    while (i_ < text_.size()) step();
    while (!out_.empty() && out_.back() == U' ') out_.pop_back();
    return std::move(out_);
  }

 private:
  void step() {
    const char32_t c = text_[i_];
    switch (c) {
      case U' ':
      case U'\u202f':
        blank();
        break;
      case U'‘':
        opened_ = true;
        put(is_word(at(text_, i_ + 1)) && is_word(before(text_, i_)) ? U'\'' : U'“');
        break;
      case U'’':
        apostrophe();
        break;
      case U'«':
      case U'„':
        put(U'“');
        if (c == U'«' && at(text_, i_) == U' ') ++i_;
        break;
      case U'»':
        while (!out_.empty() && out_.back() == U' ') out_.pop_back();
        put(U'”');
        break;
      case U'-':
        hyphens();
        break;
      case U'–':
      case U'―':
      case U'⸺':
        put(is_word(before(text_, i_)) && is_word(at(text_, i_ + 1)) && c == U'–' ? U'-' : U'—');
        break;
      case U'‐':
      case U'‑':
        put(U'-');
        break;
      case U'.':
        stops();
        break;
      case U'[':
      case U'{':
        put(U'(');
        break;
      case U']':
      case U'}':
        put(U')');
        break;
      case U',':
      case U';':
      case U':':
        comma(c);
        break;
      default:
        if (is_picture(c))
          ++i_;
        else
          put(c);
    }
  }

  void put(char32_t c) {
    out_.push_back(c);
    ++i_;
  }

  void blank() {
    if (!out_.empty() && out_.back() != U' ') out_.push_back(U' ');
    ++i_;
  }

  void comma(char32_t c) {
    while (!out_.empty() && out_.back() == U' ') out_.pop_back();
    if (out_.empty()) {
      ++i_;  // nothing goes before it
    } else if (c == U',' && out_.back() == U',') {
      ++i_;
    } else {
      put(c);
    }
  }

  void apostrophe() {
    const char32_t previous = before(text_, i_), next = at(text_, i_ + 1);
    if (is_word(previous)) {
      const bool closes = opened_ && !is_word(next);
      if (closes) opened_ = false;
      return put(closes ? U'”' : U'\'');
    }
    if (is_word(next) && !is_terminal(previous) && previous != U',') return put(U'\'');
    opened_ = false;
    put(U'”');
  }

  void hyphens() {
    std::size_t end = i_;
    while (at(text_, end) == U'-') ++end;
    const bool alone = end == i_ + 1 && before(text_, i_) == U' ' && at(text_, end) == U' ';
    if (end == i_ + 1 && !alone) return put(U'-');
    i_ = end;
    out_.push_back(U'—');
  }

  void stops() {
    std::size_t end = i_;
    std::size_t stops = 0;
    while (at(text_, end) == U'.' ||
           (at(text_, end) == U' ' && at(text_, end + 1) == U'.' && at(text_, end + 2) != U'\0' &&
            !is_word(at(text_, end + 2))) ||
           (stops >= 2 && at(text_, end) == U' ' && at(text_, end + 1) == U'.'))
      stops += text_[end++] == U'.';
    if (stops < 3) return put(U'.');
    i_ = end;
    out_.push_back(U'…');
  }

  std::u32string_view text_;
  std::size_t i_ = 0;
  std::u32string out_;
  bool opened_ = false;  // a ‘ without its ’
};

}  // namespace

std::u32string clean(std::u32string_view text) {
  std::u32string cleaned;
  cleaned.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (is_space(c)) {
      if (groups_digits(text, i))
        cleaned.push_back(U'\u202f');
      else if (!cleaned.empty() && cleaned.back() != U' ')
        cleaned.push_back(U' ');
    } else if (!is_invisible(c) && !as_figures(c, cleaned)) {
      cleaned.push_back(c);
    }
  }
  if (!cleaned.empty() && cleaned.back() == U' ') cleaned.pop_back();
  return compose(std::move(cleaned));
}

std::u32string set_type(std::u32string_view text) { return Typesetter(text).set(); }

}  // namespace lectern::text
