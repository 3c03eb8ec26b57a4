#include "worker/kokoro/phonemes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/fault.h"

namespace lectern::kokoro {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

const std::filesystem::path kData = std::filesystem::path(TEST_DATA) / "kokoro";

Vocabulary vocabulary() { return Vocabulary(kData / "tokenizer.json"); }

std::vector<std::string> symbols(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text) out.emplace_back(1, c);
  return out;
}

std::vector<std::string> texts(const std::vector<std::vector<std::string>>& pieces) {
  std::vector<std::string> out;
  for (const auto& piece : pieces) {
    out.emplace_back();
    for (const auto& symbol : piece) out.back() += symbol;
  }
  return out;
}

TEST(KokoroPhonemes, AreThoseOfEveryRecordedCase) {
  const Vocabulary known = vocabulary();
  std::ifstream stream(kData / "g2p_cases.json");
  const auto file = nlohmann::json::parse(stream);
  ASSERT_EQ(file.at("cases").size(), 42u);
  for (const auto& wanted : file.at("cases")) {
    const auto text = wanted.at("text").get<std::string>();
    const auto found = known.symbols_of(phonemes_of(text, wanted.at("lang").get<std::string>()));
    EXPECT_EQ(found.text(), wanted.at("phonemes").get<std::string>()) << text;
    EXPECT_EQ(known.ids_of(found.symbols), wanted.at("ids").get<std::vector<int64_t>>()) << text;
  }
}

TEST(KokoroPhonemes, StandInlineBetweenWords) {
  const Vocabulary known = vocabulary();
  const auto spoken = [&](const std::string& text, const std::string& language = "en-us") {
    const auto found = known.symbols_of(phonemes_of(text, language));
    EXPECT_THAT(found.dropped, IsEmpty()) << text;
    return found.text();
  };
  const std::string lord = spoken("Lord"), came = spoken("came in.");
  EXPECT_EQ(spoken("Lord [Cholmondeley](/ˈtʃʌmli/) came in."), lord + " ʧˈʌmli " + came);
  EXPECT_EQ(spoken("[Cholmondeley](/ˈtʃʌmli/)"), "ʧˈʌmli");
  EXPECT_EQ(spoken("[Cholmondeley](/ˈtʃʌmli/)'s, [Kit](/kɪt/)'s, [Rose](/ɹoʊz/)'s."), "ʧˈʌmliz, kɪts, ɹOzᵻz.");
  EXPECT_EQ(spoken("\"[Goat](/ɡəʊt/)\"!", "en-gb"), "\"ɡQt\"!");
  // What is no transcription is read as it was.
  for (const char* text : {"A [note] here.", "See [this](that).", "[x](//)", "[x](/y", "a ](/b/) c"})
    EXPECT_THAT(spoken(text), Not(IsEmpty())) << text;
}

TEST(KokoroPhonemes, OfTheOtherLanguagesAreAllKnownToTheModel) {
  const std::pair<const char*, const char*> sentences[] = {
      {"es", "¿Qué pasó, señor? La cigüeña tocaba el saxofón; ¡llegué allí!"},
      {"fr", "L'œuf est à côté du garçon ; voilà un bon vin blanc. Le week-end au shopping."},
      {"hi", "भारत एक बड़ा देश है, और यहाँ घर में झंडा और ढोल है। ख़बर, ज़मीन, क़लम।"},
      {"it", "Gli gnocchi, la pizza, lo zaino e il ghiaccio. Perché è così?"},
      {"pt-br", "À noite, vovô vê o ímã; coração, trânsito, dia, tia. Não, mãe!"}};
  for (const auto& [language, sentence] : sentences) {
    const auto found = vocabulary().symbols_of(phonemes_of(sentence, language));
    EXPECT_THAT(found.dropped, IsEmpty()) << language;
    EXPECT_THAT(found.symbols, SizeIs(::testing::Ge(30u))) << language;
  }
}

TEST(KokoroPhonemes, HaveNoFullStopInsideAHindiWord) {
  EXPECT_THAT(phonemes_of("बड़ा", "hi"), ::testing::Not(HasSubstr(".")));
  EXPECT_TRUE(phonemes_of("यह है।", "hi").ends_with("."));
}

TEST(KokoroPhonemes, RefuseALanguageThatEspeakLacks) { EXPECT_THROW(phonemes_of("hello", "xx-nowhere"), Fault); }

TEST(KokoroPhonemes, SurviveTextThatIsNotUtf8) {
  EXPECT_EQ(vocabulary().symbols_of(phonemes_of("\xFF\xFE hello \xC3", "en-us")).text(), "həlˈO");
}

TEST(KokoroPhonemes, OfNothingAreNothing) {
  EXPECT_EQ(phonemes_of("", "en-us"), "");
  EXPECT_EQ(phonemes_of(" \n\t ", "en-us"), "");
}

TEST(KokoroPhonemes, AreTheSameFromSeveralThreads) {
  const std::string alone_us = phonemes_of("The bath water, the path.", "en-us");
  const std::string alone_gb = phonemes_of("The bath water, the path.", "en-gb");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_EQ(phonemes_of("The bath water, the path.", i % 2 ? "en-us" : "en-gb"), i % 2 ? alone_us : alone_gb);
      }
    });
  }
}

TEST(KokoroVocabulary, CountsWhatItDrops) {
  const auto found = vocabulary().symbols_of("aб  bб\u0329");
  EXPECT_EQ(found.text(), "a b");
  EXPECT_THAT(found.dropped, ElementsAre(Pair("\u0329", 1), Pair("б", 2)));
}

TEST(KokoroVocabulary, PutsAPadAtBothEnds) {
  EXPECT_THAT(vocabulary().ids_of({}), ElementsAre(0, 0));
  EXPECT_THAT(vocabulary().ids_of({"a"}), ElementsAre(0, 43, 0));
}

TEST(KokoroVocabulary, RefusesAFileThatIsNoTokenizer) {
  EXPECT_THROW(Vocabulary(kData / "none.json"), Fault);
  EXPECT_THROW(Vocabulary(kData / "g2p_cases.json"), Fault);
}

TEST(KokoroPieces, OfAShortTextAreTheText) {
  EXPECT_THAT(texts(pieces_of(symbols("one two."), 8)), ElementsAre("one two."));
  EXPECT_THAT(pieces_of({}, 8), IsEmpty());
}

TEST(KokoroPieces, EndAtSentencesBeforeCommasBeforeSpaces) {
  EXPECT_THAT(texts(pieces_of(symbols("one, two. three, four."), 16)), ElementsAre("one, two.", "three, four."));
  EXPECT_THAT(texts(pieces_of(symbols("one two, three four"), 16)), ElementsAre("one two,", "three four"));
  EXPECT_THAT(texts(pieces_of(symbols("one two three four"), 10)), ElementsAre("one two", "three four"));
}

TEST(KokoroPieces, KeepAllWordsAndTheLimit) {
  std::string text;
  for (int i = 0; i < 700; ++i) text += (i % 11 == 0 ? "word, " : i % 37 == 0 ? "stop. " : "words ");
  const auto pieces = texts(pieces_of(symbols(text), 510));
  EXPECT_THAT(pieces, Each(SizeIs(Le(510u))));
  std::string joined;
  for (const auto& piece : pieces) joined += piece + " ";
  EXPECT_EQ(joined, text);
}

TEST(KokoroPieces, RefuseAWordThatIsTooLong) {
  EXPECT_THROW(pieces_of(symbols("a " + std::string(40, 'b')), 20), Fault);
}

}  // namespace
}  // namespace lectern::kokoro
