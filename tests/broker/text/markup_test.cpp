// What a script says to the narrator in brackets.
#include "broker/text/markup.h"

#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Segmentation cut_marked(const std::string& script, Format format = Format::plain) {
  const Segmentation result = segment_script(script, {.format = format});
  expect_sound(script, result, 300);
  return result;
}

std::string refusal(const std::string& script, Format format = Format::plain) {
  try {
    cut_marked(script, format);
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    return describe(fault);
  }
  return "nothing was refused";
}

std::vector<double> pauses(const Segmentation& cut) {
  std::vector<double> seconds;
  for (const Segment& segment : cut.segments) seconds.push_back(segment.pause_s);
  return seconds;
}

std::vector<double> speeds(const Segmentation& cut) {
  std::vector<double> factors;
  for (const Segment& segment : cut.segments) factors.push_back(segment.speed);
  return factors;
}

TEST(Markup, ErrorsNameLineAndColumn) {
  EXPECT_THAT(refusal("One line.\nTwo [pause: soon] lines.\n"),
              HasSubstr("line 2, column 5: '[pause: soon]' names no duration"));
  EXPECT_THAT(refusal("A.\r\n\r\nB [pause: 11min].\r\n"),
              HasSubstr("line 3, column 3: '[pause: 11min]' is longer than"));
  EXPECT_THAT(refusal("[pause: 2]x"), HasSubstr("line 1, column 1"));
  EXPECT_THAT(refusal("é [speed: 3] x"), HasSubstr("line 1, column 3: '[speed: 3]' is not from 0.5 to 2.0"));
  EXPECT_THAT(refusal("x [speed: fast] x"), HasSubstr("names no speed"));
  EXPECT_THAT(refusal("x [speed:] x"), HasSubstr("names no speed"));
  EXPECT_THAT(refusal("x [pause: 1s\ny] x"), HasSubstr("is not closed on its line"));
  EXPECT_THAT(refusal("a\n\nb [skip] c\n\nd\n"), HasSubstr("line 3, column 3: [skip] is never closed"));
  EXPECT_THAT(refusal("a\nb [/skip] c\n"), HasSubstr("line 2, column 3: [/skip] closes nothing"));
  EXPECT_THAT(refusal("a [skip] b\n[skip] c [/skip]"),
              HasSubstr("line 2, column 1: [skip] inside of the one of line 1"));
  EXPECT_THAT(refusal("a [skip: now] b [/skip]"), HasSubstr("takes no value"));
}

TEST(Markup, LinesAreCountedFromTheBeginningOfTheFile) {
  EXPECT_THAT(refusal("---\nvoice: a\n---\nText.\n[pause: x]\n"), HasSubstr("line 5, column 1"));
}

TEST(Markup, APauseTakesThePlaceOfTheOneThatWouldBeThere) {
  const auto cut = cut_marked(
      "The first sentence is here. [pause: 1.5s] The second sentence is here.\n\n[pause: 500ms]\n\nThe third one.");
  EXPECT_THAT(spoken(cut),
              ElementsAre("The first sentence is here.", "The second sentence is here.", "The third one."));
  EXPECT_THAT(pauses(cut), ElementsAre(1.5, 0.5, -1));
  EXPECT_THAT(reasons(cut), ElementsAre("a pause", "a pause"));
  EXPECT_EQ(cut.segments[1].after, Break::paragraph);
}

TEST(Markup, PausesInARowAddUpAndOneAtTheEndIsKept) {
  const auto cut =
      cut_marked("And the winner is [PAUSE : 2 s][pause: 1min] Anna from Berlin, with the song. [pause] \n");
  EXPECT_THAT(spoken(cut), ElementsAre("And the winner is", "Anna from Berlin, with the song."));
  EXPECT_THAT(pauses(cut), ElementsAre(62, 1));
  EXPECT_EQ(cut.segments[0].after, Break::clause);
}

TEST(Markup, PausesBeforeTheFirstWordAreSilenceAtTheStart) {
  const auto cut = cut_marked("[pause: 2s]\n\n[pause: 500ms] The first sentence is here. And here is another one.");
  EXPECT_EQ(cut.leading_pause_s, 2.5);
  EXPECT_THAT(pauses(cut), ElementsAre(-1, -1));
  EXPECT_EQ(cut_marked("---\nvoice: a\n---\n\n* * *\n\n[pause]\n\n# One\n\nText.", Format::markdown).leading_pause_s,
            1);
  EXPECT_EQ(cut_marked("The first sentence is here. [pause] And the second.").leading_pause_s, 0);
}

TEST(Markup, APauseBeforeAChapterEndsTheOneBeforeAndOneBehindItsHeadingBelongsToIt) {
  const auto cut = cut_marked(
      "# One\n\nThe text of one.\n\n[pause: 3s]\n\n# Two\n\n[pause: 4s]\n\nThe text of two.\n\n[pause]\n[pause: 5s]\n",
      Format::markdown);
  EXPECT_THAT(spoken(cut), ElementsAre("One.", "The text of one.", "Two.", "The text of two."));
  EXPECT_THAT(pauses(cut), ElementsAre(-1, 3, 4, 6));
  ASSERT_EQ(cut.chapters.size(), 2u);
  EXPECT_EQ(cut.chapters[1].segment, 2u);
}

TEST(Markup, APauseBetweenBlocksWithoutWordsIsNotLost) {
  EXPECT_THAT(pauses(cut_marked("One is here.\n\n[pause: 1s]\n\n* * *\n\n[pause: 2s]\n\nTwo is here.")),
              ElementsAre(3, -1));
  EXPECT_THAT(pauses(cut_marked("One is here. [pause: 1s] — [pause: 2s] Two is here.")), ElementsAre(3, -1));
}

Segmentation cut_told(const std::string& script, Format format = Format::plain) {
  const Segmentation result = segment_script(script, {.format = format, .phonemes = true});
  expect_sound(script, result, 300);
  return result;
}

TEST(Markup, AWordWithItsSoundsIsSpokenSo) {
  const std::string script = "You say [tomato](/təˈmɑːtoʊ/), I say no. In [New York](/ˈnuː ˈjɔːk/) they do.";
  for (const Format format : {Format::plain, Format::markdown}) {
    const auto told = cut_told(script, format);
    EXPECT_THAT(spoken(told),
                ElementsAre("You say [tomato](/təˈmɑːtoʊ/), I say no.", "In [New York](/ˈnuː ˈjɔːk/) they do."));
    EXPECT_EQ(told.segments[1].begin, 41u);
    EXPECT_THAT(spoken(cut_marked(script, format)), ElementsAre("You say tomato, I say no.", "In New York they do."));
  }
  EXPECT_THAT(spoken(cut_told("A [**tomato**](/təˈmɑːtoʊ/) it is.\n\n[Cholmondeley](/ˈtʃʌmli/)\n", Format::markdown)),
              ElementsAre("A [tomato](/təˈmɑːtoʊ/) it is.", "[Cholmondeley](/ˈtʃʌmli/)."));
  EXPECT_THAT(spoken(cut_told("The word [pause](/ˈpɔːz/) is spoken.")),
              ElementsAre("The word [pause](/ˈpɔːz/) is spoken."));
  EXPECT_THAT(spoken(cut_told("The sign \\[tomato](/təˈmɑːtoʊ/) is written so.")),
              ElementsAre(testing::Not(HasSubstr("](/"))));
  EXPECT_THAT(spoken(cut_told("In code `[tomato](/təˈmɑːtoʊ/)` it is not.", Format::markdown)),
              ElementsAre(testing::Not(HasSubstr("](/"))));
}

TEST(Markup, AnOrdinaryLinkIsNoPronunciation) {
  for (const char* target : {"/terms/", "/about us/", "/bøker/", "/œuvre/", "/xəbərlər/", "/ça/", "/ŋorɛ/", "/a/b/",
                             "/ˈa/b/", "/ˈ/", "/", "//", "https://a.org/ˈa/", "/Ɪ/", "/1ɪ/", "/βιβλία/", "/ɪ-ɪ/"}) {
    const std::string script = std::string("Read the [terms](") + target + ") first.";
    EXPECT_THAT(spoken(cut_told(script, Format::markdown)), ElementsAre(testing::Not(HasSubstr("](/")))) << target;
    EXPECT_THAT(spoken(cut_told(script)), ElementsAre(testing::Not(HasSubstr("](/")))) << target;
  }
  EXPECT_THAT(spoken(cut_told("Read the [terms](/terms/) first.", Format::markdown)),
              ElementsAre("Read the terms first."));
  EXPECT_FALSE(may_have_markup("Read the [terms](/terms/) first."));
  EXPECT_TRUE(may_have_markup("You say [tomato](/təˈmɑːtoʊ/)."));
}

TEST(Markup, ASymbolThatIsNoPhonemeIsNamed) {
  const auto told = [](const std::string& script) { return segment_script(script, {.phonemes = true}); };
  try {
    told("You say [tomato](/təˈmʀɑːtoʊ/).");
    ADD_FAILURE() << "nothing was refused";
  } catch (const Fault& fault) {
    EXPECT_THAT(fault.what(), HasSubstr("'ʀ' in /təˈmʀɑːtoʊ/ for 'tomato' is no phoneme"));
  }
}

TEST(Markup, SpeedHoldsUntilTheNext) {
  const auto cut = cut_marked(
      "First as usual. [speed: 0.9] Then slower, here.\n\nStill slower.\n\n[speed: 120%]\nNow fast. [speed: normal] "
      "And back again now.");
  EXPECT_THAT(spoken(cut), ElementsAre("First as usual.", "Then slower, here.", "Still slower.", "Now fast.",
                                       "And back again now."));
  EXPECT_THAT(speeds(cut), ElementsAre(1, 0.9, 0.9, 1.2, 1));
}

TEST(Markup, WhatIsSkippedIsNotSpokenAndSaysSo) {
  const std::string script =
      "Before it. [skip]This is [pause: nonsense] left out.[/skip] After it.\n\n[skip]\nA whole paragraph.\n\n# And "
      "more\n[/skip]\n\nThe end of it.\n";
  const auto cut = cut_marked(script);
  EXPECT_THAT(spoken(cut), ElementsAre("Before it.", "After it.", "The end of it."));
  EXPECT_THAT(reasons(cut), ElementsAre("markup", "skipped", "markup", "markup", "skipped", "markup"));
  EXPECT_EQ(left_out(cut), (std::map<std::string, std::size_t>{{"skipped", 67}}));
}

TEST(Markup, InTheMiddleOfASentenceLeavesItOne) {
  const auto cut = cut_marked("Alice was [skip](that is me)[/skip] very tired of it.");
  EXPECT_THAT(spoken(cut), ElementsAre("Alice was", "very tired of it."));
  EXPECT_EQ(cut.segments[0].after, Break::clause);
}

TEST(Markup, IsOrdinaryTextBehindABackslashAndInCode) {
  EXPECT_THAT(spoken(cut_marked("Write \\[pause: 1s] to pause.")), ElementsAre("Write (pause: one second) to pause."));
  const auto cut = cut_marked(
      "Write `[skip]` to skip, and `[pause: x]`.\n\n```\n[speed: 9]\n[skip]\n```\n\nEnd of it.\n", Format::markdown);
  EXPECT_THAT(spoken(cut), ElementsAre("Write (skip) to skip, and (pause: x).", "End of it."));
}

TEST(Markup, IsNoLinkOfMarkdown) {
  EXPECT_THAT(spoken(cut_marked("Go to [skip](https://example.org/x) and read it.", Format::markdown)),
              ElementsAre("Go to skip and read it."));
}

TEST(Markup, WorksInMarkdownBetweenItsBlocks) {
  const auto cut = cut_marked(
      "# One\n\n[pause: 2s]\n\nSome text here.\n\n[skip]\n\n| a | b |\n|---|---|\n| c | d |\n\n[/skip]\n\n[speed: "
      "0.8]\n\n- An item of it\n",
      Format::markdown);
  EXPECT_THAT(spoken(cut), ElementsAre("One.", "Some text here.", "An item of it."));
  EXPECT_THAT(pauses(cut), ElementsAre(2, -1, -1));
  EXPECT_THAT(speeds(cut), ElementsAre(1, 1, 0.8));
}

TEST(Markup, OfAWholeBookCoversItExactly) {
  std::string script = decode_script(read_data("alice_in_wonderland.txt"), "alice");
  std::size_t marks = 0;
  for (std::size_t at = 3000; at < script.size(); at += 977, ++marks) {
    const std::size_t blank = script.find(' ', at);
    if (blank == script.npos) break;
    script.insert(blank, marks % 3 == 0   ? " [pause: 10ms]"
                         : marks % 3 == 1 ? " [speed: 0.9]"
                                          : " [skip]left out\n\nhere[/skip]");
  }
  ASSERT_GT(marks, 100u);
  for (std::size_t limit : {40, 300}) expect_sound(script, segment_script(script, {.max_segment_chars = limit}), limit);
}

TEST(Markup, IsLookedForFast) {
  EXPECT_TRUE(may_have_markup("text [SKIP] text"));
  EXPECT_TRUE(may_have_markup("text [pause: x"));
  EXPECT_FALSE(may_have_markup("text [laugh] speed: 2 [paused] [speeding: up]"));
}

}  // namespace
}  // namespace lectern::text
