#include "broker/text/document.h"

#include <algorithm>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

void add(std::vector<Unspoken>& unspoken, std::size_t begin, std::size_t end, const std::string& reason) {
  if (begin >= end) return;
  if (!unspoken.empty() && unspoken.back().end == begin && unspoken.back().reason == reason) {
    unspoken.back().end = end;
  } else {
    unspoken.push_back({begin, end, reason});
  }
}

// What an unmarked stretch without white space around it is.
std::string reason_of(std::u32string_view stretch, const std::string& otherwise) {
  const bool markdown = otherwise == "markup";  // there "#" begins a heading and "-" an item
  if (is_rule(stretch) && (!markdown || (stretch.size() >= 3 && stretch[0] != U'#'))) return "rule";
  if (stretch.starts_with(U"![")) return "image";
  if (stretch.starts_with(U"<!--")) return "comment";
  return otherwise;
}

void explain_unmarked(const Document& document, std::size_t begin, std::size_t end, std::vector<Unspoken>& unspoken) {
  std::size_t first = begin, last = end;
  while (first < last && is_space(document.script[first])) ++first;
  while (last > first && is_space(document.script[last - 1])) --last;
  add(unspoken, begin, first, "white space");
  add(unspoken, first, last, reason_of(document.script.substr(first, last - first), document.gap_reason));
  add(unspoken, last, end, "white space");
}

}  // namespace

bool is_rule(std::u32string_view line) {
  constexpr std::u32string_view kStrokes = U"*-_=#~+•·⁂❦❧—–─━═";
  constexpr std::u32string_view kAlone = U"*#~•⁂❦❧—";  // a single one suffices
  std::size_t strokes = 0;
  bool alone = false;
  for (char32_t c : line) {
    if (is_space(c)) continue;
    if (kStrokes.find(c) == kStrokes.npos) return false;
    alone = alone || kAlone.find(c) != kAlone.npos;
    ++strokes;
  }
  return strokes >= 3 || (strokes > 0 && alone);
}

void drop_silent_blocks(Document& document) {
  Break before = Break::clause;
  std::erase_if(document.blocks, [&before](Block& block) {
    before = block.before = std::max(before, block.before);
    if (!has_words(block.text)) return true;
    before = Break::clause;
    return false;
  });
}

void explain_gap(const Document& document, std::size_t begin, std::size_t end, std::vector<Unspoken>& unspoken) {
  auto mark = std::partition_point(document.marks.begin(), document.marks.end(),
                                   [&](const Unspoken& m) { return m.end <= begin; });
  while (begin < end) {
    if (mark == document.marks.end() || mark->begin >= end) return explain_unmarked(document, begin, end, unspoken);
    if (mark->begin > begin) explain_unmarked(document, begin, mark->begin, unspoken);
    const std::size_t from = std::max(begin, mark->begin), to = std::min(end, mark->end);
    add(unspoken, from, to, mark->reason);
    begin = to;
    ++mark;
  }
}

}  // namespace lectern::text
