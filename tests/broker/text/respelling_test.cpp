// The lexicon at work on scripts: which words it touches, and what of them is spoken.
#include "broker/text/respelling.h"

#include <gtest/gtest.h>

#include "broker/text/characters.h"
#include "broker/text/segmenter.h"

namespace lectern::text {
namespace {

LexiconEntry entry(const std::string& word, const std::string& spoken, bool whole = true, bool match_case = false,
                   const std::string& voice = "") {
  LexiconEntry made = make_entry(word, spoken);
  made.whole_word = whole;
  made.match_case = match_case;
  made.voice = voice;
  return made;
}

std::string spoken(const Lexicon& lexicon, const std::string& text, bool phonemes = false,
                   const std::string& voice = "") {
  return Respelling(lexicon, "own", "en-us", phonemes).speak(to_code_points(text), voice);
}

TEST(Respelling, TouchesWholeWordsInAnyCase) {
  const Lexicon lexicon{entry("Cholmondeley", "Chumley")};
  EXPECT_EQ(spoken(lexicon, "Lord Cholmondeley's CHOLMONDELEY, cholmondeley."), "Lord Chumley's Chumley, Chumley.");
  EXPECT_EQ(spoken(lexicon, "Cholmondeleys and overcholmondeley stay."), "Cholmondeleys and overcholmondeley stay.");
}

TEST(Respelling, MayReachInsideOfWordsAndMindTheCase) {
  EXPECT_EQ(spoken({entry("gif", "jif", false)}, "A gif, two gifs."), "A jif, two jifs.");
  EXPECT_EQ(spoken({entry("US", "you ess", true, true)}, "The US told us."), "The you ess told us.");
}

TEST(Respelling, SeesWhatIsWrittenBeforeItIsWrittenOut) {
  EXPECT_EQ(spoken({entry("Dr.", "Drive")}, "12 Elm Dr. is it."), "twelve Elm Drive is it.");
  EXPECT_EQ(spoken({entry("1984", "nineteen eighty four")}, "He read 1984 in 1985."),
            "He read nineteen eighty four in nineteen eighty-five.");
  EXPECT_EQ(spoken({entry("Mk2", "mark 2")}, "The Mk2 came."), "The mark two came.");
  EXPECT_EQ(spoken({entry("C++", "see plus plus")}, "I write C++, not C."), "I write see plus plus, not C.");
}

TEST(Respelling, PrefersTheLongestAndTheVoicesOwn) {
  const Lexicon lexicon{entry("New York", "Noo Yawk"), entry("York", "Yorrick"),
                        entry("York", "Yark", true, false, "anna")};
  EXPECT_EQ(spoken(lexicon, "From York to New York."), "From Yorrick to Noo Yawk.");
  EXPECT_EQ(spoken(lexicon, "From York to New York.", false, "anna"), "From Yark to Noo Yawk.");
  EXPECT_EQ(Respelling(lexicon, "anna", "en-us", false).speak(U"York.", ""), "Yark.") << "the job's own voice";
  EXPECT_EQ(spoken({entry("a b", "x"), entry("A B", "y")}, "a b"), "y") << "the stronger one stands later";
}

TEST(Respelling, IsNotTakenForWordsAgain) {
  EXPECT_EQ(spoken({entry("cat", "dog"), entry("dog", "cat")}, "A cat and a dog."), "A dog and a cat.");
}

TEST(Respelling, GivesPhonemesToModelsThatTakeThem) {
  const Lexicon lexicon{entry("Cholmondeley", "/ˈtʃʌmli/")};
  EXPECT_EQ(spoken(lexicon, "Lord cholmondeley's hat.", true), "Lord [cholmondeley](/ˈtʃʌmli/)'s hat.");
  EXPECT_EQ(spoken(lexicon, "Lord cholmondeley's hat.", false), "Lord cholmondeley's hat.");
}

TEST(Respelling, KeepsSegmentsBelowTheLimitAndPlacesAsTheyAre) {
  SegmenterOptions options;
  options.max_segment_chars = 80;
  options.lexicon = {entry("abc", "a very long way to say it that takes up room")};
  const std::string script = "One abc here. Two abc abc there, and a sentence that ends in abc. Three.";
  const Segmentation cut = segment_script(script, options);
  std::size_t reached = 0;
  std::string all;
  for (const Segment& segment : cut.segments) {
    EXPECT_LE(to_code_points(segment.spoken).size(), 80u) << segment.spoken;
    EXPECT_GE(segment.begin, reached);
    reached = segment.end;
    all += segment.spoken + " ";
  }
  EXPECT_EQ(reached, script.size());
  std::size_t times = 0;
  for (std::size_t at = 0; (at = all.find("a very long way", at)) != std::string::npos; ++at) ++times;
  EXPECT_EQ(times, 4u);
}

TEST(Respelling, AHeadingThatEndsInPhonemesEndsLikeASentence) {
  SegmenterOptions options;
  options.format = Format::markdown;
  options.phonemes = true;
  options.lexicon = {entry("Cholmondeley", "/ˈtʃʌmli/")};
  EXPECT_EQ(segment_script("# Lord Cholmondeley\n\nHe came.\n", options).segments[0].spoken,
            "Lord [Cholmondeley](/ˈtʃʌmli/).");
}

TEST(Respelling, NamesTheWordsThatATextHolds) {
  const Lexicon lexicon{entry("abc", "x"), entry("def", "y"), entry("gh", "z", false)};
  EXPECT_EQ(words_in(lexicon, "abcd ABC ghost"), (std::vector<std::string>{"abc", "gh"}));
}

}  // namespace
}  // namespace lectern::text
