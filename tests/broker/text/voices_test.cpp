// Several voices in one script: brackets, and lines of speakers with a cast.
#include "broker/text/markup.h"

#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using Cast = std::map<std::string, std::string>;

const Cast kCast = {{"Anna", "af_heart"}, {"Old Ben", "bm_george"}, {"Teller", "narrator"}};

Segmentation cut_with(const std::string& script, const Cast& cast = {}, Format format = Format::plain) {
  SegmenterOptions options;
  options.format = format;
  options.cast = cast;
  const Segmentation result = segment_script(script, options);
  expect_sound(script, result, options.max_segment_chars);
  return result;
}

// "voice: text" of each segment.
std::vector<std::string> said(const Segmentation& result) {
  std::vector<std::string> lines;
  for (const Segment& segment : result.segments)
    lines.push_back((segment.voice.empty() ? "-" : segment.voice) + ": " + segment.spoken);
  return lines;
}

std::string refusal(const std::string& script, const Cast& cast) {
  try {
    cut_with(script, cast);
  } catch (const Fault& fault) {
    return describe(fault);
  }
  return "nothing was refused";
}

TEST(Voices, SpeakersWithoutAVoiceAreRefusedAllAtOnce) {
  const std::string script = "Anna: Come in here.\nCarl: I will not come.\n\nDr. Dora: Nor will I.\nCarl: No.\n";
  EXPECT_THAT(refusal(script, kCast), HasSubstr("the cast has no voice for the speakers Carl, Dr. Dora\n"));
}

TEST(Voices, ChangeAtABracketUntilTheNext) {
  const std::string script =
      "It begins with the narrator.\n\n[voice: af_heart]\nThis is said by her.\n\nAnd this too, still by her.\n\n"
      "[voice: narrator]\n\nThe narrator is back again.\n";
  const Segmentation result = cut_with(script);
  EXPECT_THAT(said(result), ElementsAre("-: It begins with the narrator.", "af_heart: This is said by her.",
                                        "af_heart: And this too, still by her.", "-: The narrator is back again."));
  EXPECT_EQ(result.segments[0].after, Break::paragraph);
  EXPECT_THAT(reasons(result), ElementsAre("a change of voice", "a change of voice"));
}

TEST(Voices, ChangeInsideAParagraphBetweenSentences) {
  const Segmentation result =
      cut_with("He stood up and said: [Voice:  bm_george ] I am leaving now. [voice: narrator] And so he left them.");
  EXPECT_THAT(said(result),
              ElementsAre("-: He stood up and said:", "bm_george: I am leaving now.", "-: And so he left them."));
  EXPECT_EQ(result.segments[0].after, Break::sentence);
}

TEST(Voices, OfSpeakersHoldToTheEndOfTheirParagraph) {
  const std::string script =
      "The two of them sat by the fire.\n\nAnna: Do you remember the winter? It was long.\nold ben: I do.\n\n"
      "They fell silent for a while.\n\nTeller: Nothing more was said.\n";
  const Segmentation result = cut_with(script, kCast);
  EXPECT_THAT(said(result), ElementsAre("-: The two of them sat by the fire.",
                                        "af_heart: Do you remember the winter? It was long.", "bm_george: I do.",
                                        "-: They fell silent for a while.", "-: Nothing more was said."));
  EXPECT_THAT(reasons(result), ElementsAre("a speaker's name", "a speaker's name", "a speaker's name"));
}

TEST(Voices, OfSpeakersAreFoundInMarkdownWhateverTheNameIsSetIn) {
  const std::string script =
      "# The Fire\n\n**Anna:** Do you remember the winter?\n\n*Old Ben*: I do remember it.\n\n[voice: "
      "bf_emma]\n\nLater on.\n";
  EXPECT_THAT(said(cut_with(script, kCast, Format::markdown)),
              ElementsAre("-: The Fire.", "af_heart: Do you remember the winter?", "bm_george: I do remember it.",
                          "bf_emma: Later on."));
}

TEST(Voices, InBracketsMayBeSpeakersOfTheCast) {
  EXPECT_THAT(said(cut_with("[voice: anna] Good morning to you all.", kCast)),
              ElementsAre("af_heart: Good morning to you all."));
}

TEST(Voices, WithoutACastLinesOfSpeakersAreOrdinaryText) {
  const Segmentation result = cut_with("Anna: Come in here, please.\n");
  EXPECT_THAT(said(result), ElementsAre("-: Anna: Come in here, please."));
}

TEST(Voices, AreNotTakenFromWhatOnlyLooksLikeSpeakers) {
  for (const char* script : {"At 10:30 she said: nothing at all.\n", "he said: nothing at all.\n",
                             "The list of all the things was this: bread and salt.\n", "Anna:come in, said the man.\n",
                             "A note [voice of the people] was there.\n", "An open [voice: bracket\n"})
    EXPECT_THAT(said(cut_with(script, kCast)), Contains(testing::StartsWith("-: "))) << script;
}

TEST(Voices, ThatSayNothingLeaveNothing) {
  const Segmentation result =
      cut_with("[voice: af_heart]\n[voice: bm_george]\nHere is the text.\n\n[voice: af_heart]\n");
  EXPECT_THAT(said(result), ElementsAre("bm_george: Here is the text."));
  EXPECT_THAT(refusal("[voice: af_heart]\n", {}), HasSubstr("nothing that can be spoken"));
}

TEST(Voices, AreLookedForFast) {
  EXPECT_TRUE(may_have_markup("text [VOICE : anna] text"));
  EXPECT_TRUE(may_have_markup(std::string_view("[\0v\0o\0", 6)));
  EXPECT_FALSE(may_have_markup("text [laugh] voice: anna"));
  EXPECT_FALSE(may_have_markup(""));
}

}  // namespace
}  // namespace lectern::text
