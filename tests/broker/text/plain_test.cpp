#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using testing::Contains;
using testing::ElementsAre;

std::vector<Break> breaks(const Segmentation& result) {
  std::vector<Break> after;
  for (const Segment& segment : result.segments) after.push_back(segment.after);
  return after;
}

std::vector<std::string> headings(const std::string& script, const std::string& language = "en-us") {
  std::vector<std::string> found;
  for (const Segment& segment : cut(script, 300, Format::plain, language).segments)
    if (segment.heading) found.push_back(segment.spoken);
  return found;
}

TEST(Plain, RefusesScriptsWithoutWords) {
  for (const char* script : {"*** ---", "!!! ???\n\n...", "🐇 🐇", "\n\n"}) EXPECT_THROW(cut(script), Fault) << script;
}

TEST(Plain, RefusesTooSmallALimitAndUnknownLanguages) {
  EXPECT_THROW(cut("Hello there.", 39), Fault);
  EXPECT_THROW(cut("Hello there.", 300, Format::plain, "xx"), Fault);
}

TEST(Plain, RejoinsWrappedLinesWithAnyLineEnd) {
  const std::string unix =
      "The rabbit ran across the field as fast as it\ncould, and Alice ran after it without thinking\nof anything "
      "else.\n\nThen it was gone for good.";
  std::string dos, mac = unix;
  for (char c : unix) dos += c == '\n' ? "\r\n" : std::string(1, c);
  std::replace(mac.begin(), mac.end(), '\n', '\r');
  for (const auto& script : {unix, dos, mac}) {
    const auto result = cut(script);
    EXPECT_THAT(spoken(result), ElementsAre("The rabbit ran across the field as fast as it could, and Alice ran after "
                                            "it without thinking of anything else.",
                                            "Then it was gone for good."));
    EXPECT_THAT(breaks(result), ElementsAre(Break::paragraph, Break::end));
    expect_sound(script, result, 300);
  }
}

TEST(Plain, RejoinsHyphenatedWordsButKeepsRealHyphens) {
  EXPECT_THAT(spoken(cut("There was a great consterna-\ntion among all of the animals at the waistcoat-\npocket, and a "
                         "waistcoat-pocket is seldom worn.")),
              ElementsAre("There was a great consternation among all of the animals at the waistcoat-pocket, and a "
                          "waistcoat-pocket is seldom worn."));
}

TEST(Plain, IndentedFirstLinesBeginParagraphs) {
  const auto result =
      cut("   It was late in the evening when the old man came back from the\nfields with his dog and his two sons.\n"
          "   Nobody had seen him since the morning, and his wife had begun to\nworry about the weather.");
  EXPECT_EQ(result.segments.size(), 2u);
  EXPECT_EQ(result.segments[0].after, Break::paragraph);
}

TEST(Plain, UnwrappedTextHasOneParagraphALine) {
  const std::string line =
      "This is a long line of an unwrapped text that goes on and on until it has passed the width of any page that was "
      "ever set, and ends.";
  const auto result = cut(line + "\n" + line + "\n“Yes,” he said.\n" + line);
  EXPECT_THAT(breaks(result), ElementsAre(Break::paragraph, Break::paragraph, Break::paragraph, Break::end));
}

TEST(Plain, RecognisesHeadings) {
  EXPECT_THAT(headings("CHAPTER I.\n\nIt began with a very small noise in the night."), ElementsAre("CHAPTER one."));
  EXPECT_THAT(headings("Chapter 1: The Beginning\n\nIt began with a very small noise."),
              ElementsAre("Chapter one: The Beginning."));
  EXPECT_THAT(headings("CHAPTER II\nThe Pool of Tears\n\nIt began with a very small noise."),
              ElementsAre("CHAPTER two. The Pool of Tears."));
  EXPECT_THAT(headings("Chapter Twenty-One\n\nThe Long Way\n\nIt began with a small noise."),
              ElementsAre("Chapter Twenty-One.", "The Long Way."));
  EXPECT_THAT(headings("Part the Second.\n\nIt began with a very small noise."), ElementsAre("Part the Second."));
  EXPECT_THAT(headings("THE END OF THE ROAD\n\nIt began with a very small noise."),
              ElementsAre("THE END OF THE ROAD."));
  EXPECT_THAT(headings("The Title\n=========\n\nIt began.\n\nA Section\n---------\nMore of it."),
              ElementsAre("The Title.", "A Section."));
  EXPECT_THAT(headings("                         The Long Way Home\n\nIt began with a very small noise that nobody "
                       "heard at all but the cat."),
              ElementsAre("The Long Way Home."));
  EXPECT_THAT(headings("IV.\n\nIt began with a very small noise."), ElementsAre("four."));
  EXPECT_THAT(headings("Prologue\n\nIt began with a very small noise."), ElementsAre("Prologue."));
  EXPECT_THAT(headings("Capítulo 3\n\nEmpezó con un ruido.", "es"), ElementsAre("Capítulo tres."));
  EXPECT_THAT(headings("CAPÍTULO IV\n\nEmpezó con un ruido.", "es"), ElementsAre("CAPÍTULO cuatro."));
}

TEST(Plain, ProseIsNoHeading) {
  for (const char* prose :
       {"Chapter 3 was the best of them all, he thought.", "Part of the way they walked in silence.", "“STOP!”",
        "Lewis Carroll", "Act now or lose it.", "I am here."})
    EXPECT_THAT(headings(std::string(prose) + "\n\nIt began with a very small noise."), ElementsAre()) << prose;
}

TEST(Plain, ChaptersAndSectionsAreHeardAsSuch) {
  const auto result =
      cut("The first words of it.\n\n* * *\n\nThe second words of it.\n\nCHAPTER II.\n\nThe third words of "
          "it.\n\n-----\n\nThe last.");
  EXPECT_THAT(breaks(result),
              ElementsAre(Break::section, Break::chapter, Break::paragraph, Break::section, Break::end));
  EXPECT_THAT(reasons(result), ElementsAre("rule", "rule"));
}

TEST(Plain, SceneBreaksAreUnspoken) {
  for (const char* rule :
       {"* * *", "***", "---", "###", "#", "~~~", "⁂", "     *    *    *    *", "- - - -", "_____"}) {
    const auto result = cut(std::string("One thing was said.\n\n") + rule + "\n\nAnother thing was said.");
    EXPECT_THAT(breaks(result), ElementsAre(Break::section, Break::end)) << rule;
  }
}

TEST(Plain, VerseKeepsItsLinesAsPauses) {
  EXPECT_THAT(spoken(cut("He said:\n\n     How doth the little crocodile\n      Improve his shining tail,\n     And "
                         "pour the waters of the Nile\n      On every golden scale!\n")),
              ElementsAre("He said:",
                          "How doth the little crocodile, Improve his shining tail, And pour the waters of the Nile, "
                          "On every golden scale!"));
}

TEST(Plain, EntriesAreSentences) {
  EXPECT_THAT(spoken(cut("Title: The Book of the Hours\nAuthor: A. Nobody of Nowhere\nLanguage: English\n")),
              ElementsAre("Title: The Book of the Hours.", "Author: A. Nobody of Nowhere. Language: English."));
}

TEST(Plain, ListItemsAreParagraphs) {
  const auto result = cut("We need this:\n\n- a small table\n- two chairs, and a lamp that works\n- bread");
  EXPECT_THAT(spoken(result),
              ElementsAre("We need this:", "a small table.", "two chairs, and a lamp that works.", "bread."));
  EXPECT_THAT(reasons(result), ElementsAre("list mark", "list mark", "list mark"));
}

TEST(Plain, MarksOfEmphasisAndFootnotesAreSilent) {
  EXPECT_THAT(spoken(cut("It was _very_ late,[1] and *nobody* came.† The end² was near.")),
              ElementsAre("It was very late, and nobody came. The end was near."));
}

TEST(Plain, FragmentsJoinTheirNeighbours) {
  EXPECT_THAT(spoken(cut("Oh dear! Oh dear! I shall be late! It was a fine day and nobody cared. None at all.")),
              ElementsAre("Oh dear! Oh dear!", "I shall be late!", "It was a fine day and nobody cared. None at all."));
  EXPECT_THAT(spoken(cut("Yes.\n\nIt was a fine day and nobody cared.")),
              ElementsAre("Yes.", "It was a fine day and nobody cared."));
}

Segmentation joined(const std::string& script, std::size_t limit = 280, Format format = Format::plain,
                    std::map<std::string, std::string> cast = {}) {
  SegmenterOptions options{
      .format = format, .max_segment_chars = limit, .cast = std::move(cast), .join_fragments = true};
  const Segmentation result = segment_script(script, options);
  expect_sound(script, result, limit);
  return result;
}

TEST(Plain, FragmentsAloneInTheirParagraphJoinTheNextOneForAModelThatBabblesOnThem) {
  const auto result = joined(
      "Chapter 1\n\nIt was a fine day and nobody cared.\n\n“Yes.”\n\n“No, never.”\n\nThen they left it at that.");
  EXPECT_THAT(spoken(result), ElementsAre("Chapter one. It was a fine day and nobody cared.",
                                          "“Yes.” “No, never.” Then they left it at that."));
  EXPECT_EQ(result.segments[0].after, Break::paragraph);
  EXPECT_EQ(result.segments[1].after, Break::end);
  EXPECT_THAT(
      spoken(joined("# One\n\nIt was a fine day, said he.\n\n- bread\n- butter and jam", 280, Format::markdown)),
      ElementsAre("One. It was a fine day, said he.", "bread. butter and jam."));
}

TEST(Plain, FragmentsAtTheEndJoinWhatIsBeforeThem) {
  EXPECT_THAT(spoken(joined("It was a fine day and nobody cared.\n\nThe End.")),
              ElementsAre("It was a fine day and nobody cared. The End."));
  const std::string there_is_room_before = "It was a fine day.\n\nNo.\n\nNobody in the village had ever seen him.";
  EXPECT_THAT(spoken(joined(there_is_room_before, 42)),
              ElementsAre("It was a fine day. No.", "Nobody in the village had ever seen him."));
}

TEST(Plain, FragmentsStayAloneWhereTheyCannotJoin) {
  EXPECT_THAT(spoken(joined("Yes.")), ElementsAre("Yes."));
  const std::string long_one = "Nobody in the village had ever seen him before.";
  EXPECT_THAT(spoken(joined("Chapter 1\n\n" + long_one, 50)), ElementsAre("Chapter one.", long_one));
  EXPECT_THAT(
      spoken(joined("It was over and done with.\n\n* * *\n\nAfter that.\n\n* * *\n\nThey slept for a long time.")),
      ElementsAre("It was over and done with.", "After that.", "They slept for a long time."))
      << "a section begins with the next";
  EXPECT_THAT(spoken(joined("Anna: Do you remember it all?\n\nBen: I do.\n\nAnna: So do I, my dear.", 280,
                            Format::plain, {{"Anna", "a"}, {"Ben", "b"}})),
              ElementsAre("Do you remember it all?", "I do.", "So do I, my dear."))
      << "every voice says its own";
}

TEST(Plain, LongSentencesAreCutAtClauses) {
  const std::string script =
      "The old house stood at the end of the lane, where nobody had lived for many years; the garden was full of "
      "weeds, and the gate hung on one hinge.";
  const auto result = cut(script, 90);
  EXPECT_THAT(spoken(result),
              ElementsAre("The old house stood at the end of the lane, where nobody had lived for many years;",
                          "the garden was full of weeds, and the gate hung on one hinge."));
  expect_sound(script, result, 90);
}

TEST(Plain, TheLimitHoldsAfterNumbersAreWrittenOut) {
  const std::string script =
      "In 1987 and 1988 they counted 123,456,789 and 987,654,321 and 555,444,333 stars of 12 kinds in 1,234 nights.";
  for (std::size_t limit : {40, 60, 100, 300}) expect_sound(script, cut(script, limit), limit);
}

TEST(Plain, AWordLongerThanTheLimitIsStillSpoken) {
  const std::string script = "It said " + std::string(500, 'a') + " and stopped.";
  const auto result = cut(script, 50);
  expect_sound(script, result, 50);
  std::size_t letters = 0;
  for (const auto& line : spoken(result))
    letters += static_cast<std::size_t>(std::count(line.begin(), line.end(), 'a'));
  EXPECT_EQ(letters, 502u);  // "said" and "and"
}

}  // namespace
}  // namespace lectern::text
