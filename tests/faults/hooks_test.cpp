// Hooks of the real broker: whatever they do, jobs are done.
#include <gtest/gtest.h>

#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

TEST(Hooks, TellOfEachJobAndOfTheBatchWhenItsFilesAreInPlace) {
  WatchedFolder folder("",
                       "hooks:\n  job: 'test $LECTERN_STATE = failed -o -e $LECTERN_OUTPUT && cat >> $HOOKED/jobs; "
                       "echo >> $HOOKED/jobs; echo $LECTERN_STATE >> $HOOKED/states'\n"
                       "  batch: 'cat >> $HOOKED/batches'\n");
  const Variable hooked("HOOKED", folder.lectern.work().string());
  folder.write("a.txt", sentences(1, "one"));
  folder.write("b.txt", "It fails: fault-fail.\n");
  folder.start();
  const auto batches = folder.lectern.work() / "batches";
  EXPECT_TRUE(Installation::until([&] { return fs::exists(batches) && !WatchedFolder::text_of(batches).empty(); }));
  const auto batch = nlohmann::json::parse(WatchedFolder::text_of(batches));
  EXPECT_EQ(batch["event"], "batch");
  EXPECT_EQ(batch["jobs"], 2);
  EXPECT_EQ(batch["done"], 1);
  EXPECT_EQ(batch["failed"], 1);
  const auto states = WatchedFolder::text_of(folder.lectern.work() / "states");
  EXPECT_TRUE(states == "done\nfailed\n" || states == "failed\ndone\n") << states;
  std::istringstream lines(WatchedFolder::text_of(folder.lectern.work() / "jobs"));
  std::string line;
  bool seen = false;
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    const auto job = nlohmann::json::parse(line);
    seen = seen || (job["state"] == "done" && job["output"] == folder.path("done/a.flac").string() &&
                    job["script"] == folder.path("a.txt").string());
  }
  EXPECT_TRUE(seen);
}

TEST(Hooks, ThatHangOrFailOrPrintMegabytesAreLoggedAndNeverFatal) {
  WatchedFolder folder("",
                       "hooks:\n  job: 'head -c 3000000 /dev/zero | tr \"\\0\" x; exit 7'\n  batch: 'sleep 100'\n"
                       "  webhook: 'http://127.0.0.1:1/'\n  timeout_s: 0.5\n");
  folder.write("a.txt", sentences(1, "one"));
  folder.start();
  EXPECT_TRUE(folder.comes("done/a.txt"));
  EXPECT_TRUE(Installation::until([&] { return folder.times_logged("hook for job 1 failed (exit code 7)") == 1; }));
  EXPECT_TRUE(Installation::until([&] { return folder.times_logged("took too long and was ended") == 1; }));
  EXPECT_LT(folder.log().size(), 100'000u);
  folder.write("b.txt", sentences(1, "two"));
  EXPECT_TRUE(folder.comes("done/b.txt"));
  EXPECT_EQ(folder.lectern.run({"stop"}).exit, 0);
}

TEST(Hooks, RunForPlainSubmitsToo) {
  Installation lectern(0, "hooks:\n  batch: 'cat > $HOOKED/batch'\n");
  const Variable hooked("HOOKED", lectern.work().string());
  EXPECT_EQ(lectern
                .run({"submit", lectern.script("a.txt", sentences(1, "one")), lectern.script("b.txt", "Two.\n"),
                      "--name", "both", "--wait"})
                .exit,
            0);
  EXPECT_EQ(lectern.run({"stop"}).exit, 0) << "a stop waits for them";
  const auto batch = nlohmann::json::parse(WatchedFolder::text_of(lectern.work() / "batch"));
  EXPECT_EQ(batch["done"], 2);
  EXPECT_EQ(batch["batch_name"], "both");
}

}  // namespace
}  // namespace lectern
