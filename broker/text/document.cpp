#include "broker/text/document.h"

#include <algorithm>
#include <utility>

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

Place place_of(std::u32string_view script, std::size_t position) {
  Place place;
  for (std::size_t i = 0; i < position && i < script.size(); ++i) {
    const bool ends = script[i] == U'\n' || (script[i] == U'\r' && at(script, i + 1) != U'\n');
    place = ends ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return place;
}

void begin_chapters(std::vector<Block>& blocks, const std::map<std::size_t, int>& levels) {
  std::map<int, std::size_t> counts;
  for (const auto& [block, level] : levels) ++counts[level];
  if (counts.empty()) return;
  const auto often = std::find_if(counts.begin(), counts.end(), [](const auto& count) { return count.second > 1; });
  const int deepest = often == counts.end() ? counts.begin()->first : often->first;
  for (const auto& [block, level] : levels)
    if (level <= deepest) blocks[block].before = Break::chapter;
}

void drop_silent_blocks(Document& document) {
  Break before = Break::clause;
  double pause_s = -1;
  std::string chapter;
  const auto carry = [&](double& later) {
    if (pause_s >= 0) later = std::max(later, 0.0) + pause_s;
    pause_s = -1;
  };
  std::erase_if(document.blocks, [&](Block& block) {
    before = block.before = std::max(before, block.before);
    carry(block.pause_before_s);
    if (block.chapter.empty()) block.chapter = std::exchange(chapter, {});
    if (!has_words(block.text)) {
      pause_s = block.pause_before_s;
      chapter = block.chapter;
      return true;
    }
    chapter.clear();
    before = Break::clause;
    return false;
  });
  carry(document.pause_after_s);
}

void sort_marks(Document& document) {
  std::stable_sort(document.marks.begin(), document.marks.end(),
                   [](const Unspoken& a, const Unspoken& b) { return a.begin < b.begin; });
  std::size_t reached = 0;
  std::erase_if(document.marks, [&](Unspoken& mark) {
    mark.begin = std::max(mark.begin, reached);
    if (mark.begin >= mark.end) return true;
    reached = mark.end;
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
