// A redo is published over the job's own former file: whole or not at all, whatever dies, and never over a file that
// somebody changed.
#include "config/seal.h"
#include "tests/broker/publish/crashing.h"

namespace lectern::publish {
namespace {

std::vector<std::string> steps_seen;
std::string fails_at;

void note_step(const char* step) { steps_seen.push_back(step); }

class PublishEdition : public Crashing {
 protected:
  PublishEdition() {
    first = three_tones();
    second = first;
    second.edition = 1;
    second.segments[1].take_key = key_of(9);
    write_take(takes, key_of(9), silence(0.2) + tone(500, 0.9) + silence(0.3), kRate);
    for (const auto& [request, hash] : {std::pair{&first, &old_hash}, std::pair{&second, &new_hash}}) {
      PublishRequest elsewhere = *request;
      elsewhere.target = root / "reference" / "story.flac";
      *hash = sha256_file(run(elsewhere).audio);
      fs::remove_all(root / "reference");
    }
  }

  std::vector<std::string> steps_of_a_redo() {
    run(first);
    steps_seen.clear();
    fault_hooks.at_step = note_step;
    run(second);
    fault_hooks = {};
    clear();
    EXPECT_GE(steps_seen.size(), 14u);
    return steps_seen;
  }

  void expect_second(const Published& published) {
    EXPECT_EQ(published.audio, second.target);
    EXPECT_EQ(sha256_file(published.audio), new_hash);
    const auto sidecar = read_json(published.sidecar);
    EXPECT_EQ(sidecar["sha256"], new_hash);
    EXPECT_EQ(sidecar["edition"], 1);
    EXPECT_TRUE(seal_holds(read_text(published.sidecar)));
  }

  PublishRequest first, second;
  std::string old_hash, new_hash;
  const std::set<std::string> both{"story.flac", "story.json"};
};

TEST_F(PublishEdition, TakesThePlaceOfTheOneBefore) {
  run(first);
  expect_second(run(second));
  EXPECT_EQ(standing(), both);
  EXPECT_EQ(read_json(out / "story.json")["replaces"], old_hash);
  PublishRequest third = first;
  third.edition = 2;
  EXPECT_EQ(sha256_file(run(third).audio), old_hash);
  EXPECT_EQ(standing(), both);
}

TEST_F(PublishEdition, CutShortAtAnyStepLosesNeitherTheOldFileNorTheRedo) {
  for (const std::string& step : steps_of_a_redo()) {
    run(first);
    ASSERT_TRUE(killed_at(second, step)) << step;
    const std::string standing_hash = sha256_file(out / "story.flac");
    EXPECT_TRUE(standing_hash == old_hash || standing_hash == new_hash) << step;
    EXPECT_TRUE(seal_holds(read_text(out / "story.json"))) << step;
    expect_second(run(second));
    EXPECT_EQ(standing(), both) << step;
    expect_second(run(second));
    clear();
  }
}

TEST_F(PublishEdition, CutShortTwiceIsFinishedToo) {
  const auto steps = steps_of_a_redo();
  for (const std::string& one : steps)
    for (const std::string& two : steps) {
      run(first);
      ASSERT_TRUE(killed_at(second, one));
      killed_at(second, two);
      expect_second(run(second));
      EXPECT_EQ(standing(), both) << one << ", " << two;
      clear();
    }
}

TEST_F(PublishEdition, IsMadeAnewWhenWhatWasStagedIsGone) {
  run(first);
  ASSERT_TRUE(killed_at(second, "sidecar_folder_synced"));
  for (const std::string& name : standing())
    if (name[0] == '.') fs::remove(out / name);
  ASSERT_EQ(sha256_file(out / "story.flac"), old_hash);
  expect_second(run(second));
  EXPECT_EQ(standing(), both);
}

TEST_F(PublishEdition, NeverReplacesWhatSomebodyChanged) {
  const auto numbered = [&] {
    const Published published = run(second);
    EXPECT_EQ(published.audio, out / "story (2).flac");
    EXPECT_EQ(sha256_file(published.audio), new_hash);
    clear();
  };
  run(first);
  write_text(out / "story.flac", "cut by hand");
  numbered();
  run(first);
  write_text(out / "story.json", read_text(out / "story.json") + " ");
  numbered();
  run(first);
  fs::remove(out / "story.json");
  numbered();
  PublishRequest other = first;
  other.job_id = "job-2";
  run(other);
  numbered();
  run(first);
  fs::rename(out / "story.flac", root / "moved.flac");
  fs::create_symlink(root / "moved.flac", out / "story.flac");
  numbered();
  EXPECT_EQ(sha256_file(root / "moved.flac"), old_hash);
}

TEST_F(PublishEdition, DoesNotReplaceWhatWasChangedAfterItsSidecarStood) {
  run(first);
  ASSERT_TRUE(killed_at(second, "sidecar_placed"));
  write_text(out / "story.flac", "cut by hand");
  EXPECT_EQ(run(second).audio, out / "story (2).flac");
  EXPECT_EQ(read_text(out / "story.flac"), "cut by hand");
}

TEST_F(PublishEdition, StandsAgainWhereTheOldFileWasRemoved) {
  run(first);
  fs::remove(out / "story.flac");
  expect_second(run(second));
  run(second);
  clear();
  expect_second(run(second));
  EXPECT_EQ(standing(), both);
}

TEST_F(PublishEdition, ThatFailsLeavesTheOldFilesAsTheyWere) {
  run(first);
  const std::string sidecar = read_text(out / "story.json");
  for (const char* step : {"audio_half_encoded", "sidecar_synced", "sidecar_placed", "sidecar_folder_synced"}) {
    steps_seen.clear();
    fails_at = step;
    fault_hooks.at_step = [](const char* at) {
      if (at == fails_at) throw Fault(Exit::no_space, "no space");
    };
    fault_of([&] { run(second); });
    fault_hooks = {};
    EXPECT_EQ(standing(), both) << step;
    EXPECT_EQ(sha256_file(out / "story.flac"), old_hash) << step;
    EXPECT_EQ(read_text(out / "story.json"), sidecar) << step;
  }
  expect_second(run(second));
}

}  // namespace
}  // namespace lectern::publish
