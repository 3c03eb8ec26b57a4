#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using testing::Contains;
using testing::ElementsAre;

Segmentation markdown(const std::string& script) {
  auto result = cut(script, 300, Format::markdown);
  expect_sound(script, result, 300);
  return result;
}

TEST(Markdown, BlocksOfHtmlAreReadWithoutTheirTags) {
  const auto heard = [](const std::string& script) { return spoken(cut(script, 300, Format::markdown)); };
  EXPECT_THAT(heard("<details>\n<summary>How fast is it?</summary>\n\nAs fast as this.\n\n</details>\n"),
              testing::ElementsAre("How fast is it?", "As fast as this."));
  EXPECT_THAT(heard("<div\nalign=\"center\">\n<h2>A <b>bold</b> title</h2>\nThe words of\nthe poet &mdash; all 3 < 4.\n"
                    "</div>\n"),
              testing::ElementsAre("A bold title. The words of the poet — all three four."));
  EXPECT_THAT(heard("<table>\n<tr><td>Tide</td><td>Hour</td></tr>\n</table>\n\nText is here."),
              testing::ElementsAre("Tide. Hour.", "Text is here."));
  EXPECT_THAT(heard("<!-- not <p>this</p> -->\n\n<script>\nlet x = 'nor that';\n</script>\n\n<div><svg><text>nor "
                    "here</text></svg>\n<img src='a.png'><meta name='x'> But this.</div>\n\n<pre>\ncode\n</pre>\n"),
              testing::ElementsAre("But this."));
}

TEST(Markdown, TheOnlyHeadingOfTheFirstLevelIsTheTitle) {
  const auto title = [](const std::string& script) {
    return segment_script(script, {.format = Format::markdown}).title;
  };
  EXPECT_EQ(title("# A *Small*\tBook\n\nText.\n\n## One\n\nMore.\n\n## Two\n\nMore."), "A Small Book");
  EXPECT_EQ(title("A Small Book\n============\n\nText."), "A Small Book");
  EXPECT_EQ(title("Text comes first.\n\n# A Book [pause: 1s] of Pauses\n\nText."), "A Book of Pauses");
  EXPECT_EQ(title("# The [Cholmondeley](/ˈtʃʌmli/) Papers\n\nText."), "The Cholmondeley Papers");
  EXPECT_EQ(title("# One\n\nText.\n\n# Two\n\nText."), "") << "they are chapters";
  EXPECT_EQ(title("## One\n\nText.\n\n```\n# no heading\n```\n"), "");
  EXPECT_EQ(title("# ![a picture](a.png)\n\nText."), "a picture");
  const auto cut = segment_script("# A Book\n\nText is here.", {.format = Format::markdown});
  EXPECT_THAT(spoken(cut), testing::ElementsAre("A Book.", "Text is here.")) << "it is spoken all the same";
}

TEST(Markdown, RefusesScriptsWithoutText) {
  for (const char* script : {"---", "```\nint main();\n```\n", "![](a.png)", "<!-- nothing -->"})
    EXPECT_THROW(cut(script, 300, Format::markdown), Fault) << script;
}

TEST(Markdown, HeadingsAreChaptersAndSections) {
  const auto result = markdown(
      "Before it all.\n\n# The *First* Part\n\nSome words here.\n\n## A `section`\n\nMore words "
      "here.\n\nTitle\n-----\nThe end of it.");
  EXPECT_THAT(spoken(result), ElementsAre("Before it all.", "The First Part.", "Some words here.", "A section.",
                                          "More words here.", "Title.", "The end of it."));
  EXPECT_EQ(result.segments[0].after, Break::chapter);
  EXPECT_TRUE(result.segments[1].heading);
  EXPECT_EQ(result.segments[2].after, Break::section);
  EXPECT_EQ(result.segments[4].after, Break::section);
}

TEST(Markdown, ATitleThatStandsFirstDoesNotStandInTheWayOfChapters) {
  const auto result = markdown("# A Book\n\nBy somebody.\n\n## One\n\nWords here.\n\n### Part\n\nMore.\n\n## Two\n\nThe end.");
  std::vector<std::string> titles;
  for (const Chapter& chapter : result.chapters) titles.push_back(chapter.title);
  EXPECT_THAT(titles, ElementsAre("A Book", "One", "Two"));
}

TEST(Markdown, LinksAndImagesAreTheirText) {
  EXPECT_THAT(spoken(markdown("See [the *manual*](https://example.com/x?y=1 \"title\") and ![a white rabbit](r.png) "
                              "there. [Ref][1] too.\n\n[1]: https://example.com\n")),
              ElementsAre("See the manual and a white rabbit there. Ref too."));
  EXPECT_THAT(reasons(markdown("Words are here.\n\n![](r.png)\n\nMore words here.")), ElementsAre("image"));
}

TEST(Markdown, CodeBlocksAreLeftOutWithTheirReason) {
  const auto result =
      markdown("Run this program:\n\n```cpp\nint x = 5;\n\nint y;\n```\n\nand see `x` grow.\n\n    indented code\n");
  EXPECT_THAT(spoken(result), ElementsAre("Run this program:", "and see x grow."));
  EXPECT_THAT(reasons(result), Contains("code block").Times(2));
}

TEST(Markdown, ListItemsAreSentences) {
  const auto result = markdown(
      "Things to do:\n\n- buy some bread\n- call *Anna*\n  about the trip\n\n1. Open the old door.\n2. Walk right "
      "in\n");
  EXPECT_THAT(spoken(result), ElementsAre("Things to do:", "buy some bread.", "call Anna about the trip.",
                                          "one. Open the old door.", "two. Walk right in."));
  for (std::size_t i = 0; i + 1 < result.segments.size(); ++i) EXPECT_EQ(result.segments[i].after, Break::paragraph);
}

TEST(Markdown, TablesAreReadRowByRow) {
  EXPECT_THAT(spoken(markdown("| Name | Age |\n|------|-----|\n| Anna | 31 |\n| Bob, the elder | 40 |\n")),
              ElementsAre("Name, Age.", "Anna, thirty-one.", "Bob, the elder, forty."));
}

TEST(Markdown, FrontMatterAndCommentsAreUnspoken) {
  const auto result = markdown(
      "---\ntitle: A Book\nvoice: anna\n---\n\nThe words begin.\n\n<!-- a note\nfor me -->\n\nThe words <b>go</b> on.");
  EXPECT_THAT(spoken(result), ElementsAre("The words begin.", "The words go on."));
  EXPECT_THAT(reasons(result), ElementsAre("front matter", "comment"));
}

TEST(Markdown, ARuleAtTheStartIsNoFrontMatter) {
  EXPECT_THAT(spoken(markdown("---\n\nNote: the words begin here.\n\n---\n\nAnd go on: here.")),
              ElementsAre("Note: the words begin here.", "And go on: here."));
}

TEST(Markdown, RulesAreSections) {
  const auto result = markdown("The first words.\n\n* * *\n\nThe second words.");
  EXPECT_EQ(result.segments[0].after, Break::section);
  EXPECT_THAT(reasons(result), ElementsAre("rule"));
}

TEST(Markdown, QuotesEntitiesEscapesAndBreaksAreRead) {
  EXPECT_THAT(spoken(markdown("> Tom &amp; Jerry said\n> that 5 \\* 3 is known,\n> and ***very*** ~~old~~.\n")),
              ElementsAre("Tom and Jerry said that five times three is known, and very old."));
  EXPECT_THAT(spoken(markdown("caf&eacute; &mdash; and&nbsp;that&#39;s all")), ElementsAre("café — and that's all."));
}

TEST(Markdown, PositionsCountCodePointsOfTheScript) {
  const std::string script = "\xf0\x9f\x90\x87 *Ünder* the “table”.\r\n\r\nHere **we** are.\r\n";
  const auto result = markdown(script);
  ASSERT_EQ(result.segments.size(), 2u);
  const auto text = to_code_points(script);
  const auto range = [&](const Segment& s) {
    return to_utf8(std::u32string_view(text).substr(s.begin, s.end - s.begin));
  };
  EXPECT_EQ(range(result.segments[0]), "\xf0\x9f\x90\x87 *Ünder* the “table”.");
  EXPECT_EQ(range(result.segments[1]), "Here **we** are.");
}

TEST(Markdown, SurvivesDeepNestingAndUnclosedMarkup) {
  for (const char* piece : {"[", "*", "> ", "![", "`", "- ", "<", "|a", "&amp", "#"}) {
    std::string script = "Words stand here. ";
    for (int i = 0; i < 2000; ++i) script += piece;
    expect_sound(script, cut(script, 300, Format::markdown), 300);
  }
}

}  // namespace
}  // namespace lectern::text
