// kill -9 of the broker at every step of a drop: between its claim and its job, between its end and done/, while the
// note is written. Whatever dies, each script ends in its place, once.
#include <gtest/gtest.h>

#include <thread>

#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

const std::string kGood = "A sentence for the drop that survives.\n", kSettings = "voice: low\n";
const std::string kRefused = "---\nvoise: low\n---\nWith a wrong key.\n", kBroken = "This is fault-fail.\n";
const char* const kEnd[] = {
    "done/good.txt",     "done/good.yaml",    "done/good.flac",           "done/good.json",
    "failed/refused.md", "failed/broken.txt", "failed/refused.error.txt", "failed/broken.error.txt"};

bool settled(const WatchedFolder& folder) {
  for (const char* name : kEnd)
    if (!folder.exists(name)) return false;
  return !folder.exists(".lectern");
}

// true: the broker died at that point, and all is well.
bool die_at(const std::string& point) {
  WatchedFolder folder("", "", LECTERN_FAULTS_PROGRAM);
  folder.write("good.txt", kGood);
  folder.write("good.yaml", kSettings);
  folder.write("refused.md", kRefused);
  folder.write("broken.txt", kBroken);
  const fs::path marker = folder.lectern.folder() / "died";
  const Variable death("LECTERN_DIE_AT", "lectern-broker " + point + " " + marker.string());
  const bool ended = Installation::until(
      [&] {
        if (!folder.lectern.broker()) folder.lectern.run({"start"});
        return settled(folder);
      },
      30);
  EXPECT_TRUE(ended) << "not all scripts are in their places";
  // At rest for good: the last moves are forgotten too.
  EXPECT_TRUE(Installation::until([&] {
    if (!folder.lectern.broker()) folder.lectern.run({"start"});
    const auto view = folder.view();
    return view.contains("unfinished") && view["unfinished"] == 0 && view["waiting"] == 0;
  }));
  EXPECT_EQ(folder.content("done/good.txt"), kGood);
  EXPECT_EQ(folder.content("done/good.yaml"), kSettings);
  EXPECT_EQ(folder.content("failed/refused.md"), kRefused);
  EXPECT_EQ(folder.content("failed/broken.txt"), kBroken);
  EXPECT_EQ(folder.sidecar("done/good.json")["facts"]["voice"], "low") << "its settings were lost on the way";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path("done")), fs::directory_iterator()), 4);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path("failed")), fs::directory_iterator()), 4);
  EXPECT_EQ(folder.jobs().size(), 2u) << "each script is one job";
  EXPECT_TRUE(folder.lectern.leftovers().empty());
  const bool died = fs::exists(marker);
  if (testing::Test::HasFailure()) ADD_FAILURE() << "died at " << point << ": " << WatchedFolder::text_of(marker);
  EXPECT_EQ(folder.lectern.broken(), "");
  return died;
}

class DropCrash : public testing::TestWithParam<const char*> {};

TEST_P(DropCrash, LosesAndDoublesNothing) { EXPECT_TRUE(die_at(GetParam())) << "there is no such point"; }

INSTANTIATE_TEST_SUITE_P(At, DropCrash,
                         testing::Values("watch-claim-made", "watch-script-claimed", "watch-settings-claimed",
                                         "watch-drop-added", "watch-before-the-note", "watch-note-written",
                                         "watch-note-in-place", "watch-settings-moved", "watch-script-moved",
                                         "watch-claim-removed"),
                         [](const auto& row) {
                           std::string name;
                           for (const char* c = row.param; *c; ++c)
                             if (*c != '-') name += *c;
                           return name;
                         });

// The points between those, of the store and of publishing: one of each dozen, a different one in each shard.
constexpr int kLastPoint = 130;  // beyond it all is done, and what follows are heartbeats

class DropCrashPoints : public testing::TestWithParam<int> {};

TEST_P(DropCrashPoints, LoseAndDoubleNothing) {
  int point = 5 + GetParam(), last = 0;
  for (; point < kLastPoint && !HasFailure(); point += 24)
    if (die_at(std::to_string(point))) last = point;
  EXPECT_GT(last, 80) << "so few points cannot be all";
}

INSTANTIATE_TEST_SUITE_P(Every, DropCrashPoints, testing::Values(0, 11));

}  // namespace
}  // namespace lectern
