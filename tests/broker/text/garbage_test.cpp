// Random scripts from a fixed seed: never a crash, every character accounted for, every limit kept.
#include <random>

#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

class Garbage {
 public:
  explicit Garbage(unsigned seed) : random_(seed) {}

  std::string script() {
    std::u32string text;
    const std::size_t pieces = below(60) + 1;
    for (std::size_t i = 0; i < pieces; ++i) text += piece();
    return to_utf8(text);
  }

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

 private:
  std::u32string piece() {
    static const std::u32string_view kPieces[] = {U"\n",
                                                  U"\r\n",
                                                  U"\r",
                                                  U"\n\n",
                                                  U"\r\n\r\n",
                                                  U"\f",
                                                  U" ",
                                                  U"\t",
                                                  U"    ",
                                                  U"The rabbit ran. ",
                                                  U"“Oh!” she said. ",
                                                  U"Mr. ",
                                                  U"e.g. ",
                                                  U"$5.20 ",
                                                  U"10:30 ",
                                                  U"1914–1918 ",
                                                  U"March 4th, 1999 ",
                                                  U"CHAPTER IV.\n",
                                                  U"* * *\n",
                                                  U"---\n",
                                                  U"# ",
                                                  U"## ",
                                                  U"- ",
                                                  U"1. ",
                                                  U"> ",
                                                  U"```\n",
                                                  U"[a](b)",
                                                  U"![x](y)",
                                                  U"<b>",
                                                  U"<!--",
                                                  U"&amp;",
                                                  U"|a|b|\n|-|-|\n",
                                                  U"_",
                                                  U"*",
                                                  U"**",
                                                  U"`",
                                                  U"...",
                                                  U"--",
                                                  U"—",
                                                  U"🐇",
                                                  U"👨‍👩‍👧",
                                                  U"שלום ",
                                                  U"مرحبا ",
                                                  U"नमस्ते। ",
                                                  U"e\u0301\u0302\u0303",
                                                  U"\u200d",
                                                  U"\ufeff",
                                                  U"\u00ad",
                                                  U"½",
                                                  U"٣٤",
                                                  U"Ⅳ",
                                                  U"²",
                                                  U"-5",
                                                  U".5",
                                                  U"1/2",
                                                  U"+44 20 7946 0958",
                                                  U"a@b.org",
                                                  U"https://a.org/x?y=1",
                                                  U"’",
                                                  U"‘",
                                                  U"\"",
                                                  U"(",
                                                  U")",
                                                  U"[1]",
                                                  U"\u0001",
                                                  U"\ufffd",
                                                  U"1,234,567.89",
                                                  U"99999999999999999999"};
    switch (below(8)) {
      case 0:
        return std::u32string(below(400) + 1, static_cast<char32_t>(U'a' + below(26)));  // one huge word
      case 1:
        return std::u32string(below(60) + 1, U"!?.,;:-*_#=~"[below(12)]);
      case 2: {
        std::u32string any;
        for (std::size_t i = below(20); i-- > 0;) any += code_point();
        return any;
      }
      default:
        return std::u32string(kPieces[below(std::size(kPieces))]);
    }
  }

  char32_t code_point() {
    const auto c = static_cast<char32_t>(below(below(2) ? 0x3000 : 0x110000));
    return c >= 0xd800 && c < 0xe000 ? U'x' : c;
  }

  std::mt19937 random_;
};

TEST(Garbage, IsCoveredAndKeepsTheLimit) {
  const char* languages[] = {"en-us", "en-gb", "es", "fr", "hi", "it", "pt-br"};
  std::size_t spoken_scripts = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Garbage garbage(seed);
    const std::string script = garbage.script();
    const std::size_t limit = 40 + garbage.below(300);
    const Format format = seed % 2 == 0 ? Format::plain : Format::markdown;
    SCOPED_TRACE("seed " + std::to_string(seed));
    try {
      expect_sound(script, cut(script, limit, format, languages[seed % 7]), limit);
      ++spoken_scripts;
    } catch (const Fault& fault) {
      ASSERT_EQ(fault.exit(), Exit::bad_input) << fault.what();
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(spoken_scripts, 2500u);
}

TEST(Garbage, BytesAreDecodedOrRefused) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(std::uniform_int_distribution<std::size_t>(0, 80)(random), ' ');
    for (char& c : bytes) c = static_cast<char>(std::uniform_int_distribution<int>(round % 2 ? 32 : 0, 255)(random));
    try {
      const std::string text = decode_script(bytes, "x");
      EXPECT_EQ(to_utf8(to_code_points(text)), text);
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.exit(), Exit::bad_input);
    }
  }
}

TEST(Garbage, NormaliseIsIdempotentOnWhatItSays) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Garbage garbage(seed);
    const std::string said = normalise(garbage.script(), "en-us");
    ASSERT_EQ(normalise(said, "en-us"), said) << "seed " << seed;
  }
}

TEST(Garbage, HugeMonotonousScriptsEnd) {
  for (const char* piece :
       {"a", "a ", "1", "1 ", ". ", "a. ", "A.", "*a", "- a\n", "a\n", "a\n\n", "“a” ", "1,", "(", "a-\n", "_a_ "}) {
    std::string script = "word ";
    while (script.size() < 100'000) script += piece;
    expect_sound(script, cut(script, 200), 200);
    expect_sound(script, cut(script, 200, Format::markdown), 200);
  }
}

}  // namespace
}  // namespace lectern::text
