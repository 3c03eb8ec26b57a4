#include "cli/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>

namespace lectern::cli {
namespace {

TEST(Terminal, AControlCharacterInANameNeverReachesTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\t"), "a?[2Jb???");
  EXPECT_EQ(printable("x\xC2\x9B"
                      "2J"),
            "x?2J");                                                // C1: CSI in one character
  EXPECT_EQ(printable("evil\xE2\x80\xAEtxt.exe"), "evil?txt.exe");  // right-to-left override
}

TEST(Terminal, BrokenUtf8IsReplacedByteByByte) {
  EXPECT_EQ(printable("a\xFFz"), "a?z");
  EXPECT_EQ(printable("\xC3"), "?");
  EXPECT_EQ(printable("\xE2\x82"), "??");
  EXPECT_EQ(printable("\xC0\xAF"), "??");       // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "???");  // surrogate
  EXPECT_EQ(printable("Grüße, 世界 🎧"), "Grüße, 世界 🎧");
}

TEST(Terminal, ColumnsCountWideAndCombiningCharacters) {
  EXPECT_EQ(columns("abc"), 3);
  EXPECT_EQ(columns("Grüße"), 5);
  EXPECT_EQ(columns("世界"), 4);
  EXPECT_EQ(columns("e\xCC\x81"), 1);
  EXPECT_EQ(columns("a\xFF"), 2);
}

TEST(Terminal, FittedTextKeepsWholeCharacters) {
  EXPECT_EQ(fitted("chapter one", 20), "chapter one");
  EXPECT_EQ(fitted("chapter one", 8), "chapter…");
  EXPECT_EQ(fitted("世界世界", 6), "世界…");
  EXPECT_EQ(fitted("世界世界", 5), "世界…");
  EXPECT_EQ(fitted("世界世界", 4), "世…");
  EXPECT_EQ(fitted("abc", 1), "…");
  EXPECT_EQ(fitted("abc", 0), "");
}

TEST(Terminal, PaddingCountsColumnsNotBytes) {
  EXPECT_EQ(padded("世", 4), "世  ");
  EXPECT_EQ(padded("long", 2), "long");
}

TEST(Terminal, FittedLinesKeepTheirNumber) {
  EXPECT_EQ(fitted_lines("abcdef\n\nxy\n", 4), "abc…\n\nxy\n");
  EXPECT_EQ(fitted_lines("", 4), "");
}

TEST(Terminal, ARedrawnBlockReplacesTheLastOne) {
  Redrawn redrawn;
  EXPECT_EQ(redrawn.replace("a\nb\n"), "a\nb\n");
  EXPECT_EQ(redrawn.replace("c\n", "stays\n"), "\x1b[2A\x1b[Jstays\nc\n");
  EXPECT_EQ(redrawn.replace("d\n"), "\x1b[1A\x1b[Jd\n");
}

TEST(Terminal, APipeHasNoWidth) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Terminal terminal = Terminal::of(ends[1]);
  EXPECT_FALSE(terminal.is_terminal);
  EXPECT_EQ(terminal.width, INT_MAX);
  close(ends[0]);
  close(ends[1]);
}

TEST(Terminal, WordsAreWrappedAndLongOnesStayWhole) {
  EXPECT_EQ(wrapped("", 20, 5), "");
  EXPECT_EQ(wrapped("fits in one", 16, 5), "fits in one");
  EXPECT_EQ(wrapped("fits in one", 15, 5), "fits in\n     one");
  EXPECT_EQ(wrapped("a /path/that/is/longer b", 12, 2), "a\n  /path/that/is/longer\n  b");
  EXPECT_EQ(wrapped("日本語 日本語", 12, 0), "日本語\n日本語") << "two columns a character";
  EXPECT_EQ(wrapped("no limit at all", INT_MAX, 20), "no limit at all");
}

}  // namespace
}  // namespace lectern::cli
