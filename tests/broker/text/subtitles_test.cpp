// SubRip subtitles.
#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Subtitles, CuesAreJoinedToSentencesWithoutNumbersAndTimes) {
  const std::string srt =
      "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>It was late</i> when\r\nthe rabbit came.\r\n\r\n"
      "2\r\n00:00:02,600 --> 00:00:04,000 X1:10\r\n{\\an8}Nobody saw\r\n\r\n3\r\n00:00:04,100 --> 00:00:05,000\r\nit "
      "go.\r\n\r\n"
      "4\r\n00:01:00,000 --> 00:01:02,000\r\n1984\r\n";
  const auto cut = cut_file(srt, Format::srt);
  EXPECT_THAT(spoken(cut),
              ElementsAre("It was late when the rabbit came.", "Nobody saw it go.", HasSubstr("nineteen eighty-four")));
  EXPECT_EQ(cut.segments[0].after, Break::sentence);
  EXPECT_EQ(cut.segments[1].after, Break::paragraph);
}

TEST(Subtitles, SpeakersTakeTurns) {
  EXPECT_THAT(spoken(cut_file("1\n00:01 --> 00:02\n- Who are you?\n- I hardly know, sir.\n", Format::srt)),
              ElementsAre("Who are you?", "I hardly know, sir."));
}

TEST(Subtitles, WhatIsNotEmptyBetweenCuesIsNotLost) {
  EXPECT_THAT(
      spoken(cut_file("1\n00:00:01,000 --> 00:00:02,000\nFirst it was here,\n\nthen it was there.\n", Format::srt)),
      ElementsAre("First it was here, then it was there."));
}

TEST(Subtitles, WithoutTimesAreRefused) {
  EXPECT_THAT(refusal_of("Just some text.\n", Format::srt), HasSubstr("line 1: text stands before the first"));
  EXPECT_THAT(refusal_of("1\n\n2\n", Format::srt), HasSubstr("line 1"));
  EXPECT_THAT(refusal_of("1\n00:00:01,000 --> 00:00:02,000\n\n", Format::srt), HasSubstr("nothing that can be spoken"));
}

}  // namespace
}  // namespace lectern::text
