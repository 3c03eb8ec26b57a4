// The proof that all of a script is spoken: whole books pass it, and whatever is missing, changed or doubled does not.
#include "broker/text/coverage.h"

#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

class Coverage : public testing::Test {
 protected:
  void read(const std::string& text, SegmenterOptions how = {}) {
    script = text;
    options = how;
    const Segmentation cut = segment_script(script, options);
    segments.clear();
    for (const Segment& segment : cut.segments)
      segments.push_back({segments.size(), segment.begin, segment.end, segment.spoken, false});
    unspoken = cut.unspoken;
    unspoken.insert(unspoken.end(), cut.within.begin(), cut.within.end());
  }
  std::vector<std::string> problems() const {
    const auto cut = [&](std::size_t limit) {
      SegmenterOptions at_limit = options;
      at_limit.max_segment_chars = limit;
      return segment_script(script, at_limit);
    };
    return uncovered(cut, options.max_segment_chars, segments, unspoken);
  }
  void expect_problem(const std::string& words) const {
    const auto found = problems();
    ASSERT_FALSE(found.empty()) << words;
    EXPECT_NE(found[0].find(words), std::string::npos) << found[0];
  }

  std::string script;
  SegmenterOptions options;
  std::vector<Covered> segments;
  std::vector<Unspoken> unspoken;
};

std::string alice() { return decode_script(read_data("alice_in_wonderland.txt"), "alice_in_wonderland.txt"); }

TEST_F(Coverage, OfAWholeBookIsCompleteAtEveryLimit) {
  for (const std::size_t limit : {40, 100, 280, 300, 1000}) {
    SegmenterOptions how;
    how.max_segment_chars = limit;
    read(alice(), how);
    EXPECT_THAT(problems(), testing::IsEmpty()) << limit;
  }
}

TEST_F(Coverage, OfMarkdownVoicesNumbersAndALexiconIsComplete) {
  SegmenterOptions how;
  how.format = Format::markdown;
  how.max_segment_chars = 60;
  how.cast = {{"Anna", "high"}};
  how.lexicon = {make_entry("Cholmondeley", "Chumley"), make_entry("1984", "nineteen eighty four")};
  read(
      "# I. A *title*\n\nSome `code` and a [link](http://x.y/z) to 1984, Dr. Cholmondeley, $3.50 and 12 May 1999 at "
      "the "
      "very end of a long sentence with 3 1/2 apples.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAnna: I said so. [voice: "
      "low] "
      "And he, too.\n\n```\nint main();\n```\n",
      how);
  EXPECT_THAT(problems(), testing::IsEmpty());
}

TEST_F(Coverage, OfWhatASegmentLeavesOutIsStated) {
  SegmenterOptions how;
  how.format = Format::markdown;
  how.silent_tags = {"[laugh]"};
  read("It was a *very* fine [laugh] day in [London](http://x.y/z), they say.\n\nSo it was.\n", how);
  EXPECT_THAT(problems(), testing::IsEmpty());
  std::vector<std::string> left;
  for (const Unspoken& stretch : segment_script(script, options).within)
    left.push_back(script.substr(stretch.begin, stretch.end - stretch.begin) + " " + stretch.reason);
  EXPECT_THAT(left, testing::ElementsAre("* markup", "* markup", "[laugh] a sound that this model does not make",
                                         "[ markup", "](http://x.y/z) markup"));
  // Split in two inside of the link's target.
  auto second = segments[0];
  const std::string sentence = segments[0].spoken;
  const auto comma = sentence.find(" in London");
  segments[0].end = second.begin = script.find("x.y/z");
  segments[0].spoken = sentence.substr(0, comma);
  second.spoken = sentence.substr(comma + 1);
  segments.insert(segments.begin() + 1, second);
  EXPECT_THAT(problems(), testing::IsEmpty());
  unspoken.push_back({segments[1].end - 2, segments[1].end + 1, "markup"});
  expect_problem("accounted for twice");
}

TEST_F(Coverage, NoticesWhateverIsMissing) {
  read(alice());
  const auto all = segments;
  for (const std::size_t gone : {std::size_t{0}, all.size() / 2, all.size() - 1}) {
    segments = all;
    segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(gone));
    expect_problem("are in no segment and have no reason");
  }
  segments = all;
  unspoken.erase(unspoken.begin() + 3);
  expect_problem("are in no segment and have no reason");
}

TEST_F(Coverage, NoticesEveryWordThatIsNotTheScripts) {
  read(alice());
  const auto all = segments;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < all.size(); i += 97) {
    segments = all;
    std::string& spoken = segments[i].spoken;
    const auto words = words_of(spoken);
    const std::size_t cut = spoken.find_last_of(' ');
    if (cut == std::string::npos) continue;
    spoken = spoken.substr(0, cut);
    expect_problem("segment " + std::to_string(i) + " speaks");
    spoken = all[i].spoken + " Indeed";
    expect_problem("segment " + std::to_string(i) + " speaks");
    ++tried;
  }
  EXPECT_GT(tried, 10u);
  segments = all;
  std::swap(segments[100].spoken, segments[101].spoken);
  expect_problem("segment 100 speaks");
  segments = all;
  segments[50] = segments[49];
  EXPECT_FALSE(problems().empty());
}

TEST_F(Coverage, AcceptsWhatWasEditedAndLooksAtItsNeighbours) {
  SegmenterOptions how;
  how.max_segment_chars = 60;
  read(
      "A sentence that is much too long for one segment of this model, and so it is cut, again and again, at its "
      "commas. "
      "Then comes another one.",
      how);
  ASSERT_GT(segments.size(), 3u);
  segments[1].spoken = "Something else.";
  expect_problem("segment 0 speaks");
  segments[1].edited = true;
  EXPECT_THAT(problems(), testing::IsEmpty());
  segments[0].spoken += " Indeed";
  EXPECT_FALSE(problems().empty());
}

TEST_F(Coverage, KnowsTheHalvesOfASegmentThatWasSplit) {
  read("The first sentence is here. The second one is quite a bit longer, and it was split in two.");
  Covered& whole = segments[1];
  Covered second = whole;
  const std::size_t cut = whole.spoken.find(", and");
  second.spoken = whole.spoken.substr(cut + 2);
  second.begin = whole.end = (whole.begin + whole.end) / 2;
  whole.spoken.resize(cut + 1);
  second.index = 2;
  segments.insert(segments.begin() + 2, second);
  EXPECT_THAT(problems(), testing::IsEmpty());
  segments[2].spoken = "it was split in two.";
  EXPECT_FALSE(problems().empty());
}

TEST(Gaps, AreNamedWithTheirCharacters) {
  const std::vector<Covered> segments{{0, 0, 5, "a", false}, {1, 6, 10, "b", false}};
  EXPECT_THAT(gaps(segments, {{5, 6, "white space"}}, 10), testing::IsEmpty());
  EXPECT_THAT(gaps(segments, {{5, 6, "white space"}}, 0), testing::IsEmpty());
  EXPECT_THAT(gaps(segments, {}, 10),
              testing::ElementsAre("characters 5 to 6 of the script are in no segment and have no reason"));
  EXPECT_THAT(gaps(segments, {{4, 6, "rule"}}, 10),
              testing::ElementsAre("characters 4 to 5 of the script are accounted for twice, in rule"));
  EXPECT_THAT(gaps(segments, {{5, 6, "rule"}}, 12),
              testing::ElementsAre("characters 10 to 12 of the script are in no segment and have no reason"));
  EXPECT_THAT(gaps(segments, {{5, 6, "rule"}}, 9),
              testing::ElementsAre("what is spoken goes on behind the script's end"));
}

}  // namespace
}  // namespace lectern::text
