#include "broker/text/fragments.h"

#include <algorithm>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

bool is_fragment(const Segment& segment) { return count_words(to_code_points(segment.spoken)) <= kFragmentWords; }

// Whether what lies between two segments is nothing that anybody would miss.
bool is_plain_gap(const Document& document, std::size_t begin, std::size_t end) {
  std::vector<Unspoken> between;
  explain_gap(document, begin, end, between);
  return std::all_of(between.begin(), between.end(), [&](const Unspoken& stretch) {
    return stretch.reason == "white space" || stretch.reason == "list mark" || stretch.reason == document.gap_reason;
  });
}

bool join(const Document& document, std::size_t limit, Segment& first, const Segment& second) {
  if (first.after > Break::paragraph || first.voice != second.voice || first.speed != second.speed ||
      first.pause_s >= 0)
    return false;
  const std::string both = first.spoken + " " + second.spoken;
  if (to_code_points(both).size() > limit || !is_plain_gap(document, first.end, second.begin)) return false;
  first.end = second.end;
  first.spoken = both;
  first.after = second.after;
  first.pause_s = second.pause_s;
  first.heading = first.heading && second.heading;
  return true;
}

}  // namespace

std::size_t count_words(std::u32string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (char32_t c : text) {
    if (is_space(c))
      inside = false;
    else if (!inside && is_word(c))
      inside = ++words > 0;
  }
  return words;
}

std::vector<std::size_t> join_fragments(const Document& document, std::size_t limit, std::vector<Segment>& segments) {
  std::vector<Segment> joined;
  std::vector<std::size_t> places;
  const auto look_back = [&] {
    const std::size_t count = joined.size();
    if (count < 2 || joined[count - 1].heading || !is_fragment(joined[count - 1])) return;
    if (!join(document, limit, joined[count - 2], joined[count - 1])) return;
    joined.pop_back();
    for (std::size_t& place : places) place = std::min(place, count - 2);
  };
  for (Segment& segment : segments) {
    if (joined.empty() || !is_fragment(joined.back()) || !join(document, limit, joined.back(), segment)) {
      look_back();
      joined.push_back(std::move(segment));
    }
    places.push_back(joined.size() - 1);
  }
  look_back();
  segments = std::move(joined);
  return places;
}

}  // namespace lectern::text
