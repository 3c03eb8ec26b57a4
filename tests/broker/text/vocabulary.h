// What the tests of this folder say about segmentations.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "broker/text/characters.h"
#include "broker/text/segmenter.h"
#include "config/fault.h"

namespace lectern::text {

inline std::string read_data(const std::string& name) {
  std::ifstream stream(std::string(TEST_DATA) + "/text/" + name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline Segmentation cut(const std::string& script, std::size_t limit = 300, Format format = Format::plain,
                        const std::string& language = "en-us") {
  return segment_script(script, {format, language, limit});
}

inline std::vector<std::string> spoken(const Segmentation& result) {
  std::vector<std::string> lines;
  for (const Segment& segment : result.segments) lines.push_back(segment.spoken);
  return lines;
}

inline std::vector<std::string> reasons(const Segmentation& result) {
  std::vector<std::string> names;
  for (const Unspoken& gap : result.unspoken)
    if (gap.reason != "white space") names.push_back(gap.reason);
  return names;
}

// The words of a text (letters, marks, digits), in lower case.
inline std::vector<std::string> words(std::u32string_view text) {
  std::vector<std::string> found;
  std::u32string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_word(text[i])) {
      word += lower(text[i]);
    } else if (!word.empty()) {
      found.push_back(to_utf8(word));
      word.clear();
    }
  }
  return found;
}

// The promises of every segmentation: ranges cover the script exactly, in order; nothing spoken is empty or too long.
inline void expect_sound(const std::string& script, const Segmentation& result, std::size_t limit) {
  const std::u32string text = to_code_points(script);
  ASSERT_EQ(result.characters, text.size());
  ASSERT_FALSE(result.segments.empty());
  std::size_t reached = 0;
  auto segment = result.segments.begin();
  auto gap = result.unspoken.begin();
  while (segment != result.segments.end() || gap != result.unspoken.end()) {
    const bool speaks = segment != result.segments.end() && segment->begin == reached;
    if (speaks) {
      ASSERT_LT(segment->begin, segment->end);
      reached = segment->end;
      ++segment;
    } else {
      ASSERT_NE(gap, result.unspoken.end()) << "nothing covers " << reached;
      ASSERT_EQ(gap->begin, reached);
      ASSERT_LT(gap->begin, gap->end);
      ASSERT_FALSE(gap->reason.empty());
      reached = gap->end;
      ++gap;
    }
  }
  ASSERT_EQ(reached, text.size());
  for (const Segment& s : result.segments) {
    const auto said = to_code_points(s.spoken);
    ASSERT_TRUE(has_words(said)) << s.spoken;
    ASSERT_LE(said.size(), limit) << s.spoken;
    ASSERT_EQ(s.after == Break::end, &s == &result.segments.back());
  }
}

}  // namespace lectern::text
