// HTML as it is found.
#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Segmentation cut_html(const std::string& html) { return cut_file(html, Format::html); }

TEST(Html, BlocksAreParagraphsAndTheRestIsRunningText) {
  EXPECT_THAT(spoken(cut_html("<p>One <b>bold</b> word,\n and <i>an</i>other.</p><p>Two&nbsp;&amp; three&#33;</p>")),
              ElementsAre("One bold word, and another.", "Two and three!"));
}

TEST(Html, TagSoupIsRead) {
  EXPECT_THAT(spoken(cut_html("<b>Not <i>closed<p>A paragraph <br>in two lines<td>cell</b></div> end of it")),
              ElementsAre("Not closed.", HasSubstr("A paragraph, in two lines"), testing::_));
  EXPECT_THAT(spoken(cut_html("just text")), ElementsAre("just text."));
}

TEST(Html, TwoForcedLineEndsPartParagraphs) {
  const auto cut = cut_html("<body>First it was here.<br/><br/>Second it was there.</body>");
  EXPECT_THAT(spoken(cut), ElementsAre("First it was here.", "Second it was there."));
  EXPECT_EQ(cut.segments[0].after, Break::paragraph);
}

TEST(Html, ScriptsStylesAndTheHeadAreNotThere) {
  const std::string html =
      "<html><head><title>The Title</title><meta name=author content='Anna "
      "B.'><style>p{}</style></head><body><script>if (a<b) {}</script><p>Said "
      "here.</p><svg><text>no</text></svg></body></html>";
  const auto cut = cut_html(html);
  EXPECT_THAT(spoken(cut), ElementsAre("Said here."));
  EXPECT_EQ(cut.title, "The Title");
  EXPECT_EQ(cut.author, "Anna B.");
  EXPECT_EQ(script_text(html, "x", Format::html), "Said here.");
}

TEST(Html, WhatIsReadableAndNotSpokenSaysWhy) {
  const std::string html =
      "<nav>Home About</nav><p>Text one is here <img alt='A rabbit'> and on.</p><p hidden>secret words</p>"
      "<p style='display: none'>more secret</p><pre><code>int x;</code></pre><button>Buy "
      "now</button><math>x=1</math><p><del>Old</del> New text.</p>";
  EXPECT_THAT(unspoken_of(html, {.format = Format::html}),
              ElementsAre("navigation: Home About", "image: A rabbit", "hidden: secret words", "hidden: more secret",
                          "code block: int x;", "form: Buy now", "formula: x=1", "deleted: Old"));
  EXPECT_THAT(spoken(cut_html(html)), ElementsAre("Text one is here and on.", "New text."));
}

TEST(Html, TablesAreReadRowByRow) {
  EXPECT_THAT(spoken(cut_html("<table><tr><th>Name</th><th>Age</th></tr><tr><td>Anna</td><td>7</td></tr></table>")),
              ElementsAre("Name, Age.", "Anna, seven."));
}

TEST(Html, OrderedListsAreReadWithTheirNumbers) {
  EXPECT_THAT(spoken(cut_html("<ol start=3><li>Bread and salt here</li><li><p>Water, a lot of it</p></li><li "
                              "value=9>Wine or beer then</li></ol><ul><li>Loose thing here</li></ul>")),
              ElementsAre("three. Bread and salt here.", "four. Water, a lot of it.", "nine. Wine or beer then.",
                          "Loose thing here."));
}

TEST(Html, HeadingsTellTheChapters) {
  const auto cut = cut_html(
      "<h1>The Book</h1><p>By me it is.</p><h2>The Pool</h2><p>Text is here.</p><h3>Detail</h3><p>Text is "
      "here.</p><h2>The <i>Door</i></h2><p>Text is here.</p>");
  EXPECT_THAT(chapters_of(cut), ElementsAre("0 The Book", "2 The Pool", "6 The Door"));
  EXPECT_EQ(cut.segments[3].after, Break::section);
}

TEST(Html, VerseInPreformattedTextKeepsItsLines) {
  EXPECT_THAT(spoken(cut_html("<pre>How doth the little\nImprove his shining</pre>")),
              ElementsAre("How doth the little, Improve his shining."));
}

TEST(Html, FootnotesAreReadUnlessToldOtherwise) {
  const std::string html =
      "<p>It was late<a epub:type='noteref' href='#n1'>1</a> and dark<sup><a href='#n2'>2</a></sup>.</p>"
      "<aside epub:type='footnote' id='n1'><p>Very late indeed.</p></aside><div class='footnotes'><p>Quite dark "
      "then.</p></div><p>The end of it.</p>";
  EXPECT_THAT(spoken(cut_html(html)),
              ElementsAre("It was late and dark.", "Very late indeed.", "Quite dark then.", "The end of it."));
  const SegmenterOptions skip{.format = Format::html, .reading = {{ScriptPart::footnotes}}};
  EXPECT_THAT(spoken(cut_file(html, skip)), ElementsAre("It was late and dark.", "The end of it."));
  EXPECT_THAT(unspoken_of(html, skip), ElementsAre("footnote: Very late indeed.", "footnote: Quite dark then."));
  EXPECT_THAT(cut_html(html).parts, ElementsAre(ScriptPart::footnotes));
}

TEST(Html, MarkupInBracketsWorksInIt) {
  const auto cut = cut_html(
      "<p>One is here.</p><p>[pause: 2s]</p><p>[skip]Not this.</p><p>Nor this.[/skip]</p><p>[voice: anna]Two is "
      "here.</p>");
  EXPECT_THAT(spoken(cut), ElementsAre("One is here.", "Two is here."));
  EXPECT_EQ(cut.segments[0].pause_s, 2);
  EXPECT_EQ(cut.segments[1].voice, "anna");
}

TEST(Html, EncodingsAreThoseOfTexts) {
  EXPECT_THAT(spoken(cut_html("<meta charset=iso-8859-1><p>caf\xc3\xa9 au lait</p>")), ElementsAre("café au lait."));
  EXPECT_THAT(spoken(cut_html("<p>caf\xe9 au lait</p>")), ElementsAre("café au lait."));
}

TEST(Html, NestedToNoEndIsOneClearError) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<div>";
  EXPECT_THAT(refusal_of(deep + "text", Format::html), HasSubstr("cannot be read"));
}

TEST(Html, WithoutWordsIsRefused) {
  EXPECT_THAT(refusal_of("<html><body><img src=x></body></html>", Format::html),
              HasSubstr("nothing that can be spoken"));
}

}  // namespace
}  // namespace lectern::text
