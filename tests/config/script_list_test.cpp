#include "config/script_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "config/natural_order.h"
#include "tests/cli/as_nobody.h"
#include "tests/cli/temporary_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

class ScriptListTest : public testing::Test {
 protected:
  ScriptList find(const std::vector<std::string>& names, bool recursive = false, std::uint64_t max_bytes = 1000) {
    std::vector<std::string> words;
    for (const std::string& name : names) words.push_back(name == "-" ? name : (folder.path() / name).string());
    return find_scripts(words, {recursive, max_bytes});
  }
  // The found names, relative to the folder.
  std::vector<std::string> names(const std::vector<std::string>& words, bool recursive = false) {
    const ScriptList list = find(words, recursive);
    EXPECT_TRUE(list.bad.empty()) << list.bad[0].fault.what();
    std::vector<std::string> found;
    for (const Script& script : list.scripts) found.push_back(script.path.lexically_relative(folder.path()).string());
    return found;
  }
  // The one thing that is wrong.
  Fault fault(const std::vector<std::string>& words) {
    const ScriptList list = find(words);
    EXPECT_EQ(list.bad.size(), 1u);
    return list.bad.empty() ? Fault(Exit::done, "nothing is wrong") : list.bad[0].fault;
  }

  TemporaryFolder folder;
};

using Names = std::vector<std::string>;

TEST_F(ScriptListTest, AMissingFileIsNotFound) {
  const Fault missing = fault({"nope.txt"});
  EXPECT_EQ(missing.exit(), Exit::not_found);
  EXPECT_NE(std::string(missing.what()).find("nope.txt"), std::string::npos);
}

TEST_F(ScriptListTest, AnEmptyWordIsNotTheCurrentFolder) {
  EXPECT_EQ(find_scripts({""}, {}).bad.at(0).fault.exit(), Exit::not_found);
}

TEST_F(ScriptListTest, ABrokenLinkIsNamedAsSuch) {
  fs::create_symlink("gone", folder.path() / "link.txt");
  EXPECT_NE(std::string(fault({"link.txt"}).what()).find("leads nowhere"), std::string::npos);
}

TEST_F(ScriptListTest, AnUnreadableFileIsBadInput) {
  const std::string file = folder.file("secret.txt");
  chmod(file.c_str(), 0);
  const AsNobody nobody(folder.path());
  EXPECT_EQ(fault({"secret.txt"}).exit(), Exit::bad_input);
}

TEST_F(ScriptListTest, AFileBelowAFileIsNotFound) {
  folder.file("a.txt");
  EXPECT_EQ(fault({"a.txt/b.txt"}).exit(), Exit::not_found);
}

TEST_F(ScriptListTest, ATooLargeFileIsRefusedByItsSizeAlone) {
  const fs::path large = folder.file("large.txt", "x");
  fs::resize_file(large, 5'000'000'000);  // sparse: reading it would take all memory
  const Fault refused = fault({"large.txt"});
  EXPECT_EQ(refused.exit(), Exit::bad_input);
  EXPECT_NE(std::string(refused.what()).find("5 GB (5,000,000,000 bytes); the limit is 1,000 bytes"), std::string::npos)
      << refused.what();
  EXPECT_NE(refused.hint().find("max_script_bytes"), std::string::npos);
}

TEST_F(ScriptListTest, AFolderWithoutTextIsBadInput) {
  folder.file("pictures/a.png");
  folder.file("pictures/deeper/a.txt");
  const Fault empty = fault({"pictures"});
  EXPECT_EQ(empty.exit(), Exit::bad_input);
  EXPECT_NE(empty.hint().find("--recursive"), std::string::npos);
}

TEST_F(ScriptListTest, AGlobWithoutMatchIsNotFound) {
  folder.file("a.md");
  EXPECT_EQ(fault({"*.txt"}).exit(), Exit::not_found);
}

TEST_F(ScriptListTest, BadNamesDoNotHideGoodOnes) {
  folder.file("a.txt");
  const ScriptList list = find({"nope", "a.txt", "neither"});
  EXPECT_EQ(list.scripts.size(), 1u);
  EXPECT_EQ(list.bad.size(), 2u);
}

TEST_F(ScriptListTest, AFolderGivesItsTextFilesInNaturalOrder) {
  for (const char* name :
       {"part 10.txt", "part 2.txt", "Part 1.TXT", "notes.md", "x.markdown", "y.text", "cover.jpg", "z"})
    folder.file(name);
  EXPECT_EQ(names({""}), (Names{"notes.md", "Part 1.TXT", "part 2.txt", "part 10.txt", "x.markdown", "y.text"}));
}

TEST_F(ScriptListTest, HiddenAndPassingNamesOfAFolderAreLeftOut) {
  for (const char* name : {".hidden.txt", "~lock.txt", "a.txt~", "b.txt.part", "c.txt.tmp", "d.crdownload", "e.partial",
                           "good.txt", ".git/notes.txt", "sub/~x.md"})
    folder.file(name);
  EXPECT_EQ(names({""}, true), Names{"good.txt"});
}

TEST_F(ScriptListTest, AFileThatIsNamedIsTakenWhateverItsName) {
  folder.file(".hidden");
  EXPECT_EQ(names({".hidden"}), Names{".hidden"});
}

TEST_F(ScriptListTest, FoldersOfFoldersAreTakenOnlyWhenAskedFor) {
  folder.file("book/1.txt");
  folder.file("book/appendix/2.txt");
  EXPECT_EQ(names({"book"}), Names{"book/1.txt"});
  EXPECT_EQ(names({"book"}, true), (Names{"book/1.txt", "book/appendix/2.txt"}));
}

TEST_F(ScriptListTest, ALoopOfLinksEnds) {
  folder.file("book/1.txt");
  fs::create_directory_symlink("..", folder.path() / "book/up");
  fs::create_directory_symlink(".", folder.path() / "book/self");
  EXPECT_EQ(names({"book"}, true), Names{"book/1.txt"});
}

TEST_F(ScriptListTest, AFileThatTwoWordsNameIsOneScript) {
  folder.file("a.txt");
  folder.file("b.txt");
  fs::create_symlink("a.txt", folder.path() / "same.txt");
  EXPECT_EQ(names({"b.txt", "", "*.txt"}), (Names{"b.txt", "a.txt"}));
}

TEST_F(ScriptListTest, GlobsWithSpacesAndUnicodeMatch) {
  folder.file("Kapitel 2 Grüße.txt");
  folder.file("Kapitel 10 世界.txt");
  folder.file("anderes.txt");
  EXPECT_EQ(names({"Kapitel *"}), (Names{"Kapitel 2 Grüße.txt", "Kapitel 10 世界.txt"}));
}

TEST_F(ScriptListTest, AGlobMayNameFolders) {
  folder.file("vol1/a.txt");
  folder.file("vol2/a.txt");
  EXPECT_EQ(names({"vol*/"}), (Names{"vol1/a.txt", "vol2/a.txt"}));
}

TEST_F(ScriptListTest, ANameWithGlobCharactersThatExistsIsThatFile) {
  folder.file("really? [draft]*.txt");
  folder.file("really! d.txt");
  EXPECT_EQ(names({"really? [draft]*.txt"}), Names{"really? [draft]*.txt"});
}

TEST_F(ScriptListTest, StandardInputAndPipesAreStreams) {
  mkfifo((folder.path() / "pipe").c_str(), 0600);
  const ScriptList list = find({"-", "pipe", "-"});
  ASSERT_EQ(list.scripts.size(), 2u);
  EXPECT_TRUE(list.scripts[0].stream && list.scripts[1].stream);
  EXPECT_EQ(list.scripts[1].title(), "");
}

TEST_F(ScriptListTest, MarkdownIsKnownByItsExtension) {
  for (const char* name : {"a.md", "b.MARKDOWN", "c.txt"}) folder.file(name);
  const ScriptList list = find({""});
  ASSERT_EQ(list.scripts.size(), 3u);
  EXPECT_EQ(list.scripts[0].format, "markdown");
  EXPECT_EQ(list.scripts[1].format, "markdown");
  EXPECT_EQ(list.scripts[2].format, "plain");
}

TEST(ScriptTitle, DropsExtensionsAndNothingElse) {
  auto title = [](const char* path) { return Script{path}.title(); };
  EXPECT_EQ(title("/a/chapter one.txt"), "chapter one");
  EXPECT_EQ(title("notes.v1.md"), "notes.v1");
  EXPECT_EQ(title("README"), "README");
  EXPECT_EQ(title("Vol. 2 The End"), "Vol. 2 The End");
  EXPECT_EQ(title("draft 2.1"), "draft 2.1");
  EXPECT_EQ(title(".txt"), ".txt");
}

TEST_F(ScriptListTest, ReadingGivesTheBytesAsTheyAre) {
  const std::string content(
      "\xEF\xBB\xBF"
      "a\r\n\0b\xFF",
      9);
  EXPECT_EQ(read_script({folder.file("a.txt", content)}, 1000), content);
  EXPECT_EQ(read_script({folder.file("empty.txt", "")}, 1000), "");
  const std::string exact(1000, 'x'), large(70'000, 'y');
  EXPECT_EQ(read_script({folder.file("exact.txt", exact)}, 1000), exact);
  EXPECT_EQ(read_script({folder.file("large.txt", large)}, 100'000), large);
}

TEST_F(ScriptListTest, AFileThatGrewTooLargeIsRefusedWhenItIsRead) {
  const std::string file = folder.file("a.txt", std::string(1001, 'x'));
  EXPECT_THROW(read_script({file}, 1000), Fault);
  EXPECT_THROW(read_script({"/dev/zero", true}, 1'000'000), Fault) << "an endless stream";
}

TEST_F(ScriptListTest, AFileThatWentAwayIsAFault) {
  try {
    read_script({folder.path() / "gone.txt"}, 1000);
    FAIL();
  } catch (const Fault& gone) {
    EXPECT_EQ(gone.exit(), Exit::not_found);
  }
}

TEST(NaturalOrder, CountsAsPeopleDo) {
  const Names sorted{"", "1", "2", "10", "a", "A1", "a2", "a10", "a10b", "b/1", "b/2", "b 1", "c01", "c1", "c1x"};
  for (std::size_t i = 0; i < sorted.size(); ++i)
    for (std::size_t j = 0; j < sorted.size(); ++j)
      EXPECT_EQ(natural_less(sorted[i], sorted[j]), i < j) << sorted[i] << " < " << sorted[j];
}

TEST(NaturalOrder, NumbersBeyondEveryIntegerCompare) {
  EXPECT_TRUE(natural_less("99999999999999999999999998", "99999999999999999999999999"));
  EXPECT_TRUE(natural_less("9", "99999999999999999999999999"));
}

}  // namespace
}  // namespace lectern
