// SSML: what is read, and what is refused with its place.
#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string speak(const std::string& inside) { return "<speak version='1.1' xml:lang='en-US'>" + inside + "</speak>"; }
Segmentation cut_ssml(const std::string& inside) { return cut_file(speak(inside), Format::ssml); }
std::string refused(const std::string& inside) { return refusal_of("<speak>\n" + inside + "\n</speak>", Format::ssml); }

TEST(Ssml, ParagraphsAndSentencesAreItsOwn) {
  const auto cut = cut_ssml("<p><s>First is here</s><s>Second is here</s></p><p>Third is here</p>");
  EXPECT_THAT(spoken(cut), ElementsAre("First is here.", "Second is here.", "Third is here."));
  EXPECT_EQ(cut.segments[0].after, Break::sentence);
  EXPECT_EQ(cut.segments[1].after, Break::paragraph);
}

TEST(Ssml, BreaksArePauses) {
  const auto cut = cut_ssml(
      "<break time='2s'/>The winner is <break time='1500ms'/> Anna from Berlin. <break strength='strong'/> She is "
      "here. <break/>");
  EXPECT_THAT(spoken(cut), ElementsAre("The winner is", "Anna from Berlin.", "She is here."));
  EXPECT_EQ(cut.leading_pause_s, 2);
  EXPECT_EQ(cut.segments[0].pause_s, 1.5);
  EXPECT_EQ(cut.segments[1].pause_s, 1);
  EXPECT_EQ(cut.segments[2].pause_s, 0.6);
}

TEST(Ssml, RatesMultiplyInside) {
  const auto cut = cut_ssml(
      "As usual here. <prosody rate='80%'>Slower it is. <prosody rate='+50%'>Faster it is.</prosody></prosody> Usual "
      "again here.");
  ASSERT_EQ(cut.segments.size(), 4u);
  EXPECT_DOUBLE_EQ(cut.segments[1].speed, 0.8);
  EXPECT_DOUBLE_EQ(cut.segments[2].speed, 1.2);
  EXPECT_DOUBLE_EQ(cut.segments[3].speed, 1);
}

TEST(Ssml, SaysAsItIsTold) {
  EXPECT_THAT(
      spoken(cut_ssml("<s>Room <say-as interpret-as='characters'>B12</say-as> it is</s>"
                      "<s>In all <say-as interpret-as='cardinal'>1984</say-as> men</s>"
                      "<s>The <say-as interpret-as='ordinal'>3</say-as> man</s>"
                      "<s>Call <say-as interpret-as='telephone'>+1 555-0199</say-as> now</s>"
                      "<s>On <say-as interpret-as='date' format='dmy'>3/4/2026</say-as> then</s>")),
      ElementsAre("Room B one two it is.", "In all one thousand nine hundred eighty-four men.", "The third man.",
                  HasSubstr("five five five, zero one nine nine now."), "On April third, twenty twenty-six then."));
}

TEST(Ssml, SubstitutesAndKeepsTheRangeOfWhatIsWritten) {
  const auto cut = cut_ssml("The <sub alias='World Health Organization'>WHO</sub> said so.");
  EXPECT_THAT(spoken(cut), ElementsAre("The World Health Organization said so."));
  EXPECT_EQ(script_text(speak("The <sub alias='x'>WHO</sub> said."), "x", Format::ssml), "The WHO said.");
}

TEST(Ssml, PhonemesReachTheModelsThatAreToldThem) {
  const std::string script = speak("You say <phoneme alphabet='ipa' ph='təˈmɑːtoʊ'>tomato</phoneme>, I say no.");
  EXPECT_THAT(spoken(cut_file(script, {.format = Format::ssml, .phonemes = true})),
              ElementsAre("You say [tomato](/təˈmɑːtoʊ/), I say no."));
  EXPECT_THAT(spoken(cut_file(script, Format::ssml)), ElementsAre("You say tomato, I say no."));
}

TEST(Ssml, VoicesChangeInside) {
  const auto cut = cut_ssml("He said: <voice name='bm_george'>I am leaving now.</voice> And so he left.");
  EXPECT_EQ(cut.segments[1].voice, "bm_george");
  EXPECT_EQ(cut.segments[2].voice, "");
}

TEST(Ssml, AVoiceMayBeASpeakerOfTheCast) {
  const SegmenterOptions options{.format = Format::ssml, .cast = {{"Anna", "af_heart"}}};
  EXPECT_EQ(cut_file(speak("<voice name='Anna'>I am here now.</voice>"), options).segments[0].voice, "af_heart");
}

TEST(Ssml, MarksAndEmphasisChangeNothing) {
  EXPECT_THAT(spoken(cut_ssml("<metadata><x>no</x></metadata>It <mark name='a'/>is <emphasis "
                              "level='strong'>very</emphasis> <lang xml:lang='fr'>bon</lang> here.")),
              ElementsAre("It is very bon here."));
}

TEST(Ssml, BracketsAreOrdinaryTextInIt) {
  EXPECT_THAT(spoken(cut_ssml("Write [pause: x] and [skip] here.")), ElementsAre(HasSubstr("skip")));
}

TEST(Ssml, WhatIsNotUnderstoodIsRefusedWithItsPlace) {
  EXPECT_THAT(refused("Text <audio src='x.wav'/> here."),
              HasSubstr("book, line 2, column 6: <audio> is not understood"));
  EXPECT_THAT(refused("<amazon:effect>x</amazon:effect>"), HasSubstr("line 2, column 1: <amazon:effect>"));
  EXPECT_THAT(refused("a <break time='soon'/>"), HasSubstr("line 2, column 3: <break> has time=\"soon\""));
  EXPECT_THAT(refused("<break strength='big'/>"), HasSubstr("strength=\"big\""));
  EXPECT_THAT(refused("<prosody pitch='high'>x</prosody>"), HasSubstr("pitch=\"high\""));
  EXPECT_THAT(refused("<prosody rate='500%'>x</prosody>"), HasSubstr("rate=\"500%\""));
  EXPECT_THAT(refused("<say-as interpret-as='expletive'>x</say-as>"), HasSubstr("'x' cannot be said as 'expletive'"));
  EXPECT_THAT(refused("<say-as interpret-as='cardinal'>many</say-as>"),
              HasSubstr("'many' cannot be said as 'cardinal'"));
  EXPECT_THAT(refused("<say-as interpret-as='date' format='mdy'>13/13/2026</say-as>"),
              HasSubstr("cannot be said as 'date'"));
  EXPECT_THAT(refused("<phoneme alphabet='x-sampa' ph='a'>x</phoneme>"), HasSubstr("alphabet=\"x-sampa\""));
  EXPECT_THAT(refused("<sub>x</sub>"), HasSubstr("<sub> has no alias"));
  EXPECT_THAT(refused("<voice gender='female'>x</voice>"), HasSubstr("attribute 'gender'"));
  EXPECT_THAT(refused("<p>not closed"), HasSubstr("not well-formed XML"));
  EXPECT_THAT(refusal_of("<html>x</html>", Format::ssml), HasSubstr("line 1, column 1: the root element is <html>"));
  EXPECT_THAT(refusal_of("plain text", Format::ssml), HasSubstr("not well-formed XML"));
}

}  // namespace
}  // namespace lectern::text
