// Claiming files and putting them where they belong, step by step on a real folder.
#include "broker/watch/claim.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "broker/watch/ending.h"
#include "config/file.h"
#include "tests/cli/as_nobody.h"
#include "tests/cli/temporary_folder.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;

class Claims : public testing::Test {
 protected:
  Claims() {
    folder.path = home.path();
    folder.stable_s = 0;
  }
  Taking take_one(const std::string& name) {
    const auto seen = look(folder.path / name);
    return take(folder, {{name, seen.value_or(Sighting())}}, 1000).front();
  }
  bool there(const std::string& name) { return fs::exists(folder.path / name); }
  std::string read(const std::string& name) { return read_file(folder.path / name); }
  Ended end(const Claimed& claimed, std::optional<Failure> failure = {}, const std::string& title = {}) {
    return end_drop({folder.path, claimed.claim, claimed.name, std::move(failure), title});
  }

  TemporaryFolder home;
  FolderSettings folder;
};

TEST_F(Claims, AFileThatAnybodyHasOpenForWritingIsLeftAlone) {
  const int writer = open(home.file("a.txt", "half").c_str(), O_WRONLY | O_APPEND);
  EXPECT_EQ(take_one("a.txt").result, Taking::Result::busy);
  close(writer);
  EXPECT_EQ(take_one("a.txt").result, Taking::Result::claimed);
}

TEST_F(Claims, AFileThatIsNotAsItWasSeenIsLeftAlone) {
  home.file("a.txt", "one");
  const auto seen = *look(folder.path / "a.txt");
  home.file("a.txt", "another");
  const Taking taking = take(folder, {{"a.txt", seen}}, 1000).front();
  EXPECT_EQ(taking.result, Taking::Result::changed);
  EXPECT_EQ(taking.now.bytes, 7);
  EXPECT_TRUE(there("a.txt"));
}

TEST_F(Claims, WhatCannotBeReadStaysWhereItIsAndSaysWhy) {
  home.file("a.txt", "secret");
  fs::permissions(folder.path / "a.txt", fs::perms::none);
  chmod(folder.path.c_str(), 0777);
  const AsNobody nobody(fs::temp_directory_path() / "no-such-folder");
  const Taking taking = take_one("a.txt");
  EXPECT_EQ(taking.result, Taking::Result::unreadable);
  EXPECT_EQ(taking.problem, "Permission denied");
  EXPECT_TRUE(there("a.txt"));
}

TEST_F(Claims, AFolderThatCannotBeWrittenToIsSaid) {
  home.file("a.txt", "text");
  const AsNobody nobody(folder.path);
  const Taking taking = take_one("a.txt");
  EXPECT_EQ(taking.result, Taking::Result::stuck);
  EXPECT_THAT(taking.problem, testing::HasSubstr("Permission denied"));
}

TEST_F(Claims, LinksPipesAndFoldersAreNothingToTake) {
  home.file("real.txt", "text");
  fs::create_symlink(folder.path / "real.txt", folder.path / "link.txt");
  mkfifo((folder.path / "pipe.txt").c_str(), 0600);
  fs::create_directory(folder.path / "folder.txt");
  for (const char* name : {"link.txt", "pipe.txt", "folder.txt", "none.txt"})
    EXPECT_EQ(take_one(name).result, Taking::Result::gone) << name;
  const Listing listing = list_folder(folder);
  ASSERT_EQ(listing.files.size(), 1u);
  EXPECT_EQ(listing.files[0].first, "real.txt");
  EXPECT_THAT(listing.links, testing::ElementsAre("link.txt"));
}

TEST_F(Claims, ATooLargeScriptIsClaimedWithItsProblem) {
  home.file("a.txt", std::string(1001, 'x'));
  const Taking taking = take_one("a.txt");
  EXPECT_EQ(taking.result, Taking::Result::claimed);
  EXPECT_THAT(taking.claimed.problem, testing::HasSubstr("larger than 1000 bytes"));
  EXPECT_THAT(taking.claimed.mend, testing::HasSubstr("max_script_bytes"));
}

TEST_F(Claims, SettingsGoAlongAndTheMoreExactNameWins) {
  home.file("a.txt", "text");
  home.file("a.yaml", "speed: 1");
  home.file("a.txt.yaml", "speed: 2");
  const Claimed claimed = take_one("a.txt").claimed;
  EXPECT_EQ(claimed.sidecar, "speed: 2");
  EXPECT_TRUE(there("a.yaml"));
  EXPECT_EQ(end(claimed).script, folder.path / "done/a.txt");
  EXPECT_TRUE(there("done/a.txt.yaml"));
  EXPECT_FALSE(there(".lectern"));
}

TEST_F(Claims, AClaimThatWasCutOffIsReadWithTheSettingsThatStillLieInTheFolder) {
  home.file(".lectern/0123/a.txt", "text");
  home.file("a.yaml", "speed: 1");
  Claimed claimed;
  EXPECT_TRUE(read_claim(folder, "0123", 1000, claimed));
  EXPECT_EQ(claimed.script, "text");
  EXPECT_EQ(claimed.sidecar, "speed: 1");
  fs::create_directory(folder.path / ".lectern/4567");
  EXPECT_FALSE(read_claim(folder, "4567", 1000, claimed));
  EXPECT_FALSE(there(".lectern/4567")) << "an empty claim goes";
}

TEST_F(Claims, ANameThatIsTakenIsNumberedUnlessItHoldsTheSame) {
  home.file("done/a.txt", "old");
  home.file("a.txt", "new");
  EXPECT_EQ(end(take_one("a.txt").claimed).script, folder.path / "done/a (2).txt");
  EXPECT_EQ(read("done/a.txt"), "old");
  home.file("a.txt", "old");
  EXPECT_EQ(end(take_one("a.txt").claimed).script, folder.path / "done/a.txt");
  home.file("a.txt", "third");
  EXPECT_EQ(end(take_one("a.txt").claimed, {}, "a (7)").script, folder.path / "done/a (7).txt") << "as its audio";
}

TEST_F(Claims, ANoteStandsBesideItsOwnScriptOnly) {
  home.file("a.txt", "one");
  end(take_one("a.txt").claimed, Failure{"the first reason", "do this", 3, {{0, "words", "cannot"}}});
  EXPECT_THAT(read("failed/a.error.txt"),
              testing::AllOf(testing::HasSubstr("the first reason"), testing::HasSubstr("do this"),
                             testing::HasSubstr("lectern log 3"), testing::HasSubstr("\"words\"")));
  home.file("a.md", "two");
  EXPECT_EQ(end(take_one("a.md").claimed, Failure{"the second reason", "", 0, {}}).script,
            folder.path / "failed/a (2).md");
  EXPECT_THAT(read("failed/a.error.txt"), testing::HasSubstr("the first reason"));
}

TEST_F(Claims, AnEndingThatWasCutOffAnywhereIsFinished) {
  home.file("a.txt", "text");
  const Claimed claimed = take_one("a.txt").claimed;
  const Failure failure{"why", "", 0, {}};
  write_file(folder.path / ".lectern" / claimed.claim / ".note", "half a no");
  home.file("failed/a.error.txt", "the note is in place, the script is not");
  EXPECT_EQ(end(claimed, failure).script, folder.path / "failed/a.txt");
  EXPECT_THAT(read("failed/a.error.txt"), testing::HasSubstr("why"));
  const Ended again = end(claimed, failure);
  EXPECT_EQ(again.result, Ended::Result::moved) << "done before: nothing is left to do";
  EXPECT_EQ(again.script, "");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path / "failed"), fs::directory_iterator()), 2);
}

TEST_F(Claims, AnEndingWaitsForAFolderThatIsAwayAndRefusesALinkAsDone) {
  home.file("a.txt", "text");
  const Claimed claimed = take_one("a.txt").claimed;
  fs::create_directory(folder.path / "elsewhere");
  fs::create_directory_symlink(folder.path / "elsewhere", folder.path / "done");
  EXPECT_EQ(end(claimed).result, Ended::Result::stuck);
  EXPECT_TRUE(fs::is_empty(folder.path / "elsewhere"));
  EXPECT_EQ(end_drop({folder.path / "gone", claimed.claim, claimed.name, {}, {}}).result, Ended::Result::away);
}

}  // namespace
}  // namespace lectern::watch
