// The lexicon's file and its phonemes: what is refused and how, and that changes leave the rest of a file alone.
#include "config/lexicon.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/fault.h"
#include "config/phonemes.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class LexiconTest : public testing::Test {
 protected:
  LexiconTest() {
    std::string name = (fs::temp_directory_path() / "lectern-lexicon-XXXXXX").string();
    folder = mkdtemp(name.data());
    file = folder / "lexicon.yaml";
  }
  ~LexiconTest() override { fs::remove_all(folder); }
  void write(const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
  std::string text() const {
    std::stringstream all;
    all << std::ifstream(file, std::ios::binary).rdbuf();
    return all.str();
  }
  fs::path folder, file;
};

std::string refusal(const std::function<void()>& code) {
  try {
    code();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input) << fault.what();
    EXPECT_NE(fault.hint(), "") << fault.what();
    return fault.what();
  }
  return "accepted";
}

TEST_F(LexiconTest, ABrokenFileNamesItsLine) {
  const auto parsing = [](const std::string& yaml) { return refusal([&] { parse_lexicon(yaml, "l.yaml"); }); };
  EXPECT_EQ(parsing("- word: a\n  spoken: b\n- word: c\n"), "l.yaml:3: an entry: key 'spoken' is missing");
  EXPECT_NE(parsing("- word: a\n  spoken: b\n  spkoen: c\n").find("l.yaml:3"), std::string::npos);
  EXPECT_NE(parsing("a: b\n").find("l.yaml:1: a lexicon is a list"), std::string::npos);
  EXPECT_NE(parsing("- word: a\n  spoken: [\n").find("l.yaml:"), std::string::npos);
  EXPECT_NE(parsing("- word: ''\n  spoken: b\n").find("l.yaml:2"), std::string::npos);
  EXPECT_NE(parsing("- word: a\n  spoken: ''\n").find("nothing that is spoken"), std::string::npos);
  EXPECT_NE(parsing("- word: a\n  spoken: /t9a/\n").find("'9' in /t9a/"), std::string::npos);
  EXPECT_NE(parsing("- {word: a, spoken: b}\n- {word: a, spoken: c}\n").find("l.yaml:2: 'a' stands twice"),
            std::string::npos);
  EXPECT_EQ(parsing(""), "accepted");
  EXPECT_EQ(parsing("- {word: a, spoken: b}\n- {word: a, spoken: c, voice: v}\n"), "accepted");
}

TEST_F(LexiconTest, AddingAndRemovingLeavesCommentsAndOtherEntriesAlone) {
  write("# mine\n- word: 'one'\n  spoken: 'wun'\n\n# of the second\n- word: two\n  spoken: too\n  case: true\n");
  LexiconEntry entry = make_entry("it's", "/ɪts/");
  entry.voice = "anna";
  entry.whole_word = false;
  EXPECT_FALSE(add_entry(file, entry));
  EXPECT_NE(text().find("# mine\n- word: 'one'"), std::string::npos);
  EXPECT_NE(text().find("# of the second\n- word: two"), std::string::npos);
  Lexicon all = read_lexicon(file);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2], entry);
  EXPECT_TRUE(all[1].match_case);

  EXPECT_TRUE(add_entry(file, make_entry("one", "won"))) << "the same place";
  EXPECT_EQ(read_lexicon(file).size(), 3u);
  EXPECT_EQ(text().find("wun"), std::string::npos);
  EXPECT_NE(text().find("# of the second"), std::string::npos);
  EXPECT_EQ(remove_entries(file, "it's", "ben", ""), 0u);
  EXPECT_EQ(remove_entries(file, "it's", "", ""), 1u);
  EXPECT_EQ(remove_entries(file, "two", "", ""), 1u);
  all = read_lexicon(file);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].spoken, "won");
  EXPECT_NE(text().find("# mine"), std::string::npos);
  EXPECT_FALSE(fs::exists(file.string() + ".part"));
}

TEST_F(LexiconTest, AListInOneLineIsChangedToo) {
  write("[{word: a, spoken: b}, {word: c, spoken: d}]\n");
  EXPECT_EQ(remove_entries(file, "a", "", ""), 1u);
  EXPECT_FALSE(add_entry(file, make_entry("e", "f")));
  const Lexicon all = read_lexicon(file);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].word + all[1].word, "ce");
}

TEST_F(LexiconTest, AFileThatIsBrokenIsNotWrittenOver) {
  write("- word: a\n");
  EXPECT_NE(refusal([&] { add_entry(file, make_entry("b", "c")); }), "accepted");
  EXPECT_EQ(text(), "- word: a\n");
  EXPECT_THROW(read_lexicon(folder / "none.yaml"), Fault);
}

TEST_F(LexiconTest, StrongerEntriesStandOverWeakerOnesOfTheSamePlace) {
  LexiconEntry weak = make_entry("a", "b"), other = make_entry("a", "c"), strong = make_entry("a", "d");
  other.voice = "anna";
  EXPECT_EQ(joined({weak, other}, {strong}), (Lexicon{other, strong}));
}

TEST_F(LexiconTest, AJobKeepsItAsJson) {
  LexiconEntry a = make_entry("a", "/eɪ/"), b = make_entry("b", "bee");
  a.voice = "anna", a.match_case = true, b.model = "sine", b.whole_word = false;
  EXPECT_EQ(lexicon_of(lexicon_json({a, b})), (Lexicon{a, b}));
}

TEST(Phonemes, OfDictionariesAreTheModels) {
  EXPECT_EQ(phonemes_of_ipa("ˈtʃʌmli", "en-us"), "ʧˈʌmli");
  EXPECT_EQ(phonemes_of_ipa("ˈt͡ʃʌm.li", "en-us"), "ʧˈʌmli");
  EXPECT_EQ(phonemes_of_ipa("ʧˈʌmli", "en-us"), "ʧˈʌmli") << "the model's own symbols";
  EXPECT_EQ(phonemes_of_ipa("kəˈkɔːɹoʊ", "en-us"), "kəkˈɔɹO");
  EXPECT_EQ(phonemes_of_ipa("ˈgəʊt", "en-gb"), "ɡˈQt");
  EXPECT_EQ(phonemes_of_ipa("ˈbed", "en-gb"), "bˈɛd");
  EXPECT_EQ(phonemes_of_ipa("ˌnuː ˈjɔːk", "en-gb"), "nˌuː jˈɔːk");
  EXPECT_EQ(phonemes_of_ipa("ˈskweə", "en-gb"), "skwˈɛː");
  EXPECT_EQ(phonemes_of_ipa("ˈbɝd", "en-us"), "bˈɜɹd");
  EXPECT_EQ(phonemes_of_ipa("ˈpero", "es"), "pˈero");
}

TEST(Phonemes, ThatNoModelKnowsAreNamed) {
  for (const char* fine : {"ˈtʃʌmli", "t͡ʃ", "ˌnuː ˈjɔːk", "bɔ̃ʒuʁ", "ˈpero"})
    EXPECT_EQ(unknown_phoneme(fine), "") << fine;
  EXPECT_EQ(unknown_phoneme("ˈt9ʌm"), "9");
  EXPECT_EQ(unknown_phoneme("a$"), "$");
  EXPECT_EQ(unknown_phoneme("ǃa"), "ǃ");
  EXPECT_EQ(unknown_phoneme("a,b"), ",");
}

}  // namespace
}  // namespace lectern
