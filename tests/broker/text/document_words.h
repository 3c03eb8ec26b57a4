// What the tests of documents say: files in, segments out, with the promises of every segmentation checked.
#pragma once

#include "tests/broker/text/vocabulary.h"
#include "tests/broker/text/zip_maker.h"

namespace lectern::text {

inline Segmentation cut_file(const std::string& bytes, SegmenterOptions options) {
  const std::string text = script_text(bytes, "book", options.format);
  EXPECT_EQ(text, script_text(bytes, "book", options.format)) << "the text is not the same each time";
  const Segmentation result = segment_file(bytes, "book", options);
  expect_sound(text, result, options.max_segment_chars);
  return result;
}

inline Segmentation cut_file(const std::string& bytes, Format format) { return cut_file(bytes, {.format = format}); }

inline std::string refusal_of(const std::string& bytes, Format format) {
  try {
    segment_file(bytes, "book", {.format = format});
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input) << fault.what();
    return describe(fault);
  }
  return "nothing was refused";
}

// "reason: text" of what is not spoken and holds words.
inline std::vector<std::string> unspoken_of(const std::string& bytes, SegmenterOptions options) {
  const auto text = to_code_points(script_text(bytes, "book", options.format));
  std::vector<std::string> lines;
  for (const Unspoken& gap : segment_file(bytes, "book", options).unspoken) {
    const auto stretch = std::u32string_view(text).substr(gap.begin, gap.end - gap.begin);
    if (has_words(stretch)) lines.push_back(gap.reason + ": " + to_utf8(stretch));
  }
  return lines;
}

// "segment title" of each chapter.
inline std::vector<std::string> chapters_of(const Segmentation& cut) {
  std::vector<std::string> lines;
  for (const Chapter& chapter : cut.chapters) lines.push_back(std::to_string(chapter.segment) + " " + chapter.title);
  return lines;
}

}  // namespace lectern::text
