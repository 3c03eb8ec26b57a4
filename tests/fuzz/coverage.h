// What holds for every segmentation, whatever bytes it was made of.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "broker/text/segmenter.h"

namespace lectern::text {

inline void require(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::size_t code_points(const std::string& utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

// No character is left out or taken twice, and every segment can be spoken.
inline void require_coverage(const std::string& script, const Segmentation& cut, std::size_t limit) {
  require(cut.characters == code_points(script), "the script's length");
  require(!cut.segments.empty(), "nothing to speak, and no Fault");
  std::size_t at = 0, s = 0, u = 0;
  while (s < cut.segments.size() || u < cut.unspoken.size()) {
    if (s < cut.segments.size() && cut.segments[s].begin == at) {
      const Segment& segment = cut.segments[s++];
      require(segment.end > segment.begin, "an empty segment");
      require(!segment.spoken.empty(), "a segment without words");
      require(code_points(segment.spoken) <= limit, "a segment beyond the limit");
      at = segment.end;
    } else {
      require(u < cut.unspoken.size() && cut.unspoken[u].begin == at, "a stretch left out or taken twice");
      require(!cut.unspoken[u].reason.empty(), "left out without a reason");
      require(cut.unspoken[u].end > at, "an empty stretch");
      at = cut.unspoken[u++].end;
    }
  }
  require(at == cut.characters, "the end is missing");
  for (const Chapter& chapter : cut.chapters) require(chapter.segment < cut.segments.size(), "a chapter without text");
}

}  // namespace lectern::text
