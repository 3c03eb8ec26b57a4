// Watched folders that are not as they should be: away, full, without events, with files that may not be read.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/cli/as_nobody.h"
#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

TEST(Places, AFolderThatGoesAwayAndComesBackIsWatchedAgain) {
  WatchedFolder folder;
  folder.start();
  folder.write("a.txt", sentences(1, "one"));
  ASSERT_TRUE(folder.comes("done/a.txt"));
  const auto away = folder.lectern.work() / "away";
  fs::rename(folder.in, away);
  EXPECT_TRUE(Installation::until([&] { return folder.view()["state"] == "missing"; }));
  std::ofstream(away / "b.txt") << sentences(1, "two");
  fs::rename(away, folder.in);
  EXPECT_TRUE(folder.comes("done/b.txt"));
  EXPECT_TRUE(Installation::until([&] { return !folder.exists(".lectern"); })) << "the broker tidies up behind it";
  fs::remove_all(folder.in);
  EXPECT_TRUE(Installation::until([&] { return folder.view()["state"] == "missing"; }));
  fs::create_directories(folder.in);
  folder.write("c.txt", sentences(1, "three"));
  EXPECT_TRUE(folder.comes("done/c.txt"));
}

TEST(Places, AJobWhoseFolderWasAwayAtItsEndIsFinishedWhenItIsBack) {
  WatchedFolder folder;
  const Variable slow("LECTERN_SINE_SPEED", "20");
  folder.start();
  folder.move_in("a.txt", sentences(12, "one"));
  ASSERT_TRUE(Installation::until([&] { return !folder.exists("a.txt"); }));
  const auto away = folder.lectern.work() / "away";
  fs::rename(folder.in, away);
  EXPECT_TRUE(Installation::until([&] {
    for (const auto& job : folder.jobs())
      if (job["name"] == "a" && (job["state"] == "failed" || job["state"] == "done")) return true;
    return false;
  }));
  ASSERT_FALSE(fs::exists(folder.in)) << "nothing is made where the folder was";
  fs::rename(away, folder.in);
  EXPECT_TRUE(folder.comes("done/a.txt"));
  EXPECT_TRUE(folder.exists("done/a.flac"));
}

TEST(Places, APolledFolderNeedsNoEvents) {
  WatchedFolder folder("    poll: true\n    poll_s: 0.2\n");
  folder.start();
  EXPECT_TRUE(Installation::until([&] { return folder.view()["state"] == "polling"; }));
  folder.write("a.txt", sentences(1, "one"));
  EXPECT_TRUE(folder.comes("done/a.txt"));
}

TEST(Places, AFullDiskIsSaidAndWaitedFor) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  WatchedFolder folder;
  if (mount("tmpfs", folder.in.c_str(), "tmpfs", 0, "size=1m,nr_inodes=4") != 0) GTEST_SKIP() << "cannot mount a tmpfs";
  folder.write("a.txt", "Some words.\n");
  folder.write("b.txt", "Other words.\n");
  folder.start();
  EXPECT_TRUE(Installation::until([&] {
    return folder.view()["notice"].get<std::string>().find("No space left") != std::string::npos;
  })) << folder.view().dump(1);
  EXPECT_EQ(mount("tmpfs", folder.in.c_str(), "tmpfs", MS_REMOUNT, "size=10m,nr_inodes=100"), 0);
  EXPECT_TRUE(folder.comes("done/a.txt", 40) && folder.comes("done/b.txt", 40)) << "it goes on by itself";
  folder.lectern.kill_all();
  umount2(folder.in.c_str(), MNT_DETACH);
}

// Run as a user who may not read everything, and whose leases on files are his own alone.
TEST(Places, AFileThatMayNotBeReadIsSaidOnceAndTakenWhenItMay) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  WatchedFolder folder;
  folder.write("secret.txt", sentences(1, "the secret"));
  fs::permissions(folder.path("secret.txt"), fs::perms::none);
  const fs::path top = folder.lectern.folder();
  ASSERT_EQ(chown(top.c_str(), 65534, 65534), 0);
  for (const auto& entry : fs::recursive_directory_iterator(top))
    ASSERT_EQ(lchown(entry.path().c_str(), 65534, 65534), 0) << entry.path();
  const AsNobody nobody(top);
  if (access(LECTERN_PROGRAM, X_OK) != 0) GTEST_SKIP() << "others may not run what is built here";
  folder.start();
  const auto left_alone = [&] { return folder.view().value("problems", nlohmann::json::array()).dump(); };
  EXPECT_TRUE(Installation::until([&] { return left_alone() == R"(["secret.txt: Permission denied"])"; })) << left_alone();
  folder.write("open.txt", sentences(1, "the open one"));
  EXPECT_TRUE(folder.comes("done/open.txt")) << "the others go on";
  EXPECT_EQ(folder.lectern.run({"folder", "scan"}).exit, 0);
  EXPECT_EQ(folder.times_logged("\"secret.txt\" is left alone: Permission denied"), 1);
  EXPECT_TRUE(folder.exists("secret.txt"));
  fs::permissions(folder.path("secret.txt"), fs::perms::owner_read);
  EXPECT_TRUE(folder.comes("done/secret.txt")) << left_alone();
  EXPECT_EQ(folder.jobs().size(), 2u);
}

}  // namespace
}  // namespace lectern
