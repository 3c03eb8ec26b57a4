// Contents pages, publishers' boilerplate and chapters.
#include <algorithm>

#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string& alice() {
  static const std::string text = read_data("alice_in_wonderland.txt");
  return text;
}

const SegmenterOptions kSkipAll{.reading = {{ScriptPart::contents, ScriptPart::boilerplate, ScriptPart::footnotes}}};

const std::string kBook =
    "THE POOL\n\nby Anna B.\n\n\nCONTENTS\n\nCHAPTER I. The Pool of Tears ..... 1\nCHAPTER II. A Long Tale ....... 15\n"
    "CHAPTER III. The Door\n\n\n\nCHAPTER I. The Pool of Tears\n\nIt was so deep that nobody had ever seen the ground "
    "of it, and that is all.\n\n\n\n"
    "CHAPTER II. A Long Tale\n\nIt was so long that nobody had ever heard the end of it, and that is "
    "all.\n\n\n\nCHAPTER III. The Door\n\nIt was shut, and it stayed so for a long time, as far as anybody knew.\n";

TEST(Parts, AContentsPageIsLeftOutWhenToldAndOnlyThen) {
  const auto read = cut_file(kBook, Format::plain);
  EXPECT_THAT(read.parts, ElementsAre(ScriptPart::contents));
  EXPECT_THAT(left_out(read), IsEmpty());
  const auto skipped = cut_file(kBook, kSkipAll);
  EXPECT_THAT(spoken(skipped)[2], HasSubstr("CHAPTER one"));
  EXPECT_THAT(unspoken_of(kBook, kSkipAll), testing::Each(testing::StartsWith("contents page: ")));
  EXPECT_THAT(chapters_of(skipped), testing::IsSupersetOf({"2 CHAPTER I. The Pool of Tears"}));
}

TEST(Parts, WhatOnlyLooksLikeAContentsPageIsRead) {
  const std::string script =
      "CONTENTS\n\nThe bottle held a little wine.\n\nThe box held a long letter, which nobody had opened for more than "
      "forty years by then.\n\nMore text follows here.\n";
  EXPECT_THAT(cut_file(script, kSkipAll).parts, IsEmpty());
  EXPECT_THAT(unspoken_of(script, kSkipAll), IsEmpty());
}

TEST(Parts, AContentsPageOfMarkdownIsFound) {
  const std::string script =
      "# Contents\n\n- [One Day](#one)\n- [Another Day](#two)\n\n# One Day\n\nText is here, for a while at least.\n\n# "
      "Another Day\n\nText is here too.\n";
  SegmenterOptions skip = kSkipAll;
  skip.format = Format::markdown;
  EXPECT_THAT(spoken(cut_file(script, skip)),
              ElementsAre("One Day.", "Text is here, for a while at least.", "Another Day.", "Text is here too."));
  EXPECT_THAT(chapters_of(cut_file(script, Format::markdown)), ElementsAre("0 Contents", "3 One Day", "5 Another Day"));
}

TEST(Parts, TheBoilerplateOfAWholeBookIsLeftOutWhenTold) {
  const auto cut = cut_file(alice(), kSkipAll);
  EXPECT_THAT(cut.segments.front().spoken, testing::StartsWith("ALICE"));
  EXPECT_THAT(cut.segments.back().spoken, HasSubstr("THE END"));
  for (const Segment& segment : cut.segments) EXPECT_THAT(segment.spoken, testing::Not(HasSubstr("Gutenberg")));
  EXPECT_GT(left_out(cut)["boilerplate"], 17000u);
  EXPECT_EQ(left_out(cut).size(), 1u);
}

TEST(Parts, ABookTellsItsTitleAndAuthor) {
  const auto cut = cut_file(alice(), Format::plain);
  EXPECT_EQ(cut.title, "Alice’s Adventures in Wonderland");
  EXPECT_EQ(cut.author, "Lewis Carroll");
  EXPECT_EQ(title_of(alice()), cut.title);
  EXPECT_EQ(title_of("\nTitle: Not this\n\nText."), "");
}

TEST(Parts, AWholeBookHasItsTwelveChapters) {
  std::vector<std::string> titles;
  for (const Chapter& chapter : cut_file(alice(), kSkipAll).chapters) titles.push_back(chapter.title);
  titles.erase(titles.begin(),
               std::find_if(titles.begin(), titles.end(), [](const auto& t) { return t.starts_with("CHAPTER"); }));
  ASSERT_EQ(titles.size(), 12u);
  EXPECT_EQ(titles[0], "CHAPTER I. Down the Rabbit-Hole");
  EXPECT_EQ(titles[11], "CHAPTER XII. Alice’s Evidence");
}

}  // namespace
}  // namespace lectern::text
