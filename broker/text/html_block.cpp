#include "broker/text/html_block.h"

#include "broker/text/characters.h"
#include "broker/text/html_rules.h"

namespace lectern::text {

HtmlBlock::Kind HtmlBlock::take(char32_t c) {
  if (tag_.size() == 1 && !is_letter(c) && c != U'/' && c != U'!' && c != U'?') tag_.clear();  // "a < b"
  if (tag_.empty() && c != U'<') return left_out_.empty() ? Kind::text : Kind::nothing;
  tag_ += c;
  if (c != U'>') return Kind::nothing;
  if (tag_.starts_with(U"<!--") && (tag_.size() < 7 || !tag_.ends_with(U"-->"))) return Kind::nothing;
  return end_tag();
}

HtmlBlock::Kind HtmlBlock::end_tag() {
  const bool closes = tag_[1] == U'/', alone = tag_.ends_with(U"/>");
  std::size_t end = closes ? 2 : 1;
  std::string name;
  for (; is_letter(at(tag_, end)) || is_digit(at(tag_, end)); ++end) name += to_utf8(lower(tag_.substr(end, 1)));
  tag_.clear();
  if (!left_out_.empty()) {
    if (closes && name == left_out_) left_out_.clear();
    return Kind::nothing;
  }
  switch (element_named(name)) {
    case Element::inside:
    case Element::picture:
      return Kind::nothing;
    case Element::preformatted:
    case Element::kept:
    case Element::nothing:
      if (!closes && !alone && !is_void(name)) left_out_ = name;
      return Kind::nothing;
    default:
      return Kind::entry_end;
  }
}

}  // namespace lectern::text
