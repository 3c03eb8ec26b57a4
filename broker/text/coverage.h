// Whether what is spoken is all of a script: every character in a segment or with a stated reason, every word in order.
//
// How it works: the script is cut once more, with room for whole sentences, and the words of that are compared with the
// words of the segments, group by group where the ends of both meet. Where sentences had to be cut, numbers at the cut
// may be read otherwise; such a group is compared with the script cut at the same limit. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/segmenter.h"

namespace lectern::text {

struct Covered {
  std::size_t index = 0;           // for messages
  std::size_t begin = 0, end = 0;  // code points of the script
  std::string spoken;
  bool edited = false;  // not what the script says, and meant so
};

// Cuts the script as it was cut, with that many characters a segment.
using Cut = std::function<Segmentation(std::size_t max_segment_chars)>;

// What is wrong, for people, the first few; empty: all is covered. `limit`: of the segments as they were cut.
std::vector<std::string> uncovered(const Cut& cut, std::size_t limit, const std::vector<Covered>& segments,
                                   const std::vector<Unspoken>& unspoken);

// The same for the ranges alone: they follow each other from 0 to `characters`; 0: wherever they end. A stretch inside of
// a segment's range says what that leaves out.
std::vector<std::string> gaps(const std::vector<Covered>& segments, const std::vector<Unspoken>& unspoken,
                              std::size_t characters);

// The words of a text in lower case, without what stands between them.
std::vector<std::string> words_of(std::string_view utf8);

}  // namespace lectern::text
