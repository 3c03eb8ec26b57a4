// Mending a narration with the real programs: an edited book, one sentence spoken anew, whatever dies meanwhile.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include "config/seal.h"
#include "config/sha256.h"
#include "tests/broker/publish/players.h"
#include "tests/faults/installation.h"
#include "tests/faults/peer.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string content(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

json sidecar(const fs::path& file) { return json::parse(content(file), nullptr, false); }

int spoken(const Installation& lectern) {
  int sum = 0;
  const json status = lectern.status();
  for (const auto& worker : status["workers"]) sum += worker["segments_done"].get<int>();
  return sum;
}

json segments(const Installation& lectern, std::vector<std::string> words = {}) {
  words.insert(words.begin(), {"segments", "1", "--json"});
  const Ended ended = lectern.run(words);
  EXPECT_EQ(ended.exit, 0) << ended.err;
  return json::parse(ended.out)["segments"];
}

// A player that notes what it is given, in a folder of its own.
std::string with_player(const Installation& lectern, const std::string& name, int exit = 0) {
  const fs::path folder = lectern.folder() / "players", player = folder / name;
  fs::create_directories(folder);
  std::ofstream(player) << "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" > " << (lectern.folder() / "played") << "\nexit "
                        << exit << "\n";
  chmod(player.c_str(), 0755);
  return folder;
}

TEST(Repair, ABookWithOneSentenceChangedIsSpokenInOneSegment) {
  Installation lectern;
  std::string book;
  for (int i = 0; i < 420; ++i)
    book += "Sentence number " + std::to_string(i) + " of the book tells of something that nobody has told before.\n\n";
  const auto script = lectern.script("book.txt", book);
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  const int before = spoken(lectern);
  const auto at = book.find("number 200 of the book");
  lectern.script("book.txt", book.replace(at, 22, "number 200 of my novel"));
  const Ended dry = lectern.run({"submit", script, "--dry-run"});
  EXPECT_NE(dry.out.find("419 of 420 segments are already spoken\n"), std::string::npos) << dry.out;
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(spoken(lectern), before + 1);
  EXPECT_EQ(sidecar(lectern.work() / "book (2).json")["segments"].size(), 420u);
}

TEST(Repair, OneSegmentIsSpokenAnewAndTheFileReplaced) {
  Installation lectern;
  const std::string first = sentences(1, "one") + "\n\n", second = sentences(1, "two") + "\n\n";
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", first + second + sentences(1, "three")), "--wait"}).exit, 0);
  const auto before = segments(lectern);
  ASSERT_EQ(before.size(), 3u);
  EXPECT_EQ(before[0]["start_s"], 0);
  EXPECT_GT(before[1]["start_s"].get<double>(), 1);
  const std::string old = sha256_file(lectern.work() / "a.flac");
  const int takes = spoken(lectern);

  const Ended redo = lectern.run({"redo", "#1", "--segment", "1", "--text", "It was 3 o'clock.", "--wait"});
  EXPECT_EQ(redo.exit, 0) << redo.err;
  EXPECT_NE(redo.out.find("1 segment to be spoken"), std::string::npos) << redo.out;
  EXPECT_EQ(spoken(lectern), takes + 1);
  const auto after = segments(lectern);
  EXPECT_EQ(after[1]["text"], "It was three o'clock.");
  EXPECT_EQ(after[1]["edited"], true);
  EXPECT_NE(after[1]["take"], before[1]["take"]);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_LT(after[2]["start_s"].get<double>(), before[2]["start_s"].get<double>()) << "it is shorter";
  EXPECT_NE(sha256_file(lectern.work() / "a.flac"), old);
  const auto told = sidecar(lectern.work() / "a.json");
  EXPECT_EQ(told["sha256"], sha256_file(lectern.work() / "a.flac"));
  EXPECT_EQ(told["edition"], 1);
  EXPECT_EQ(told["segments"][1]["edited"], true);
  EXPECT_EQ(lectern.audio().size(), 1u);

  // Another seed, and the same one once more: what was spoken is there.
  const auto seeded = [&](const char* seed) {
    return lectern.run({"redo", "1", "--segment", "0", "--seed", seed, "--wait"});
  };
  EXPECT_EQ(seeded("5").exit, 0);
  const auto five = segments(lectern)[0]["take"];
  EXPECT_EQ(seeded("6").exit, 0);
  EXPECT_NE(segments(lectern)[0]["take"], five);
  const int six = spoken(lectern);
  EXPECT_EQ(seeded("5").exit, 0);
  EXPECT_EQ(segments(lectern)[0]["take"], five);
  EXPECT_EQ(spoken(lectern), six);
  EXPECT_EQ(sidecar(lectern.work() / "a.json")["edition"], 4);
  EXPECT_EQ(lectern.audio().size(), 1u);
  EXPECT_TRUE(lectern.leftovers().empty());
  EXPECT_EQ(lectern.broken(), "");
}

TEST(Repair, AFileThatSomebodyChangedIsNotReplaced) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--wait", "--overwrite"}).exit, 0);
  std::ofstream(lectern.work() / "a.flac", std::ios::app) << "cut by hand";
  const std::string changed = content(lectern.work() / "a.flac");
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "0", "--wait"}).exit, 0);
  EXPECT_EQ(content(lectern.work() / "a.flac"), changed);
  EXPECT_TRUE(fs::exists(lectern.work() / "a (2).flac"));
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "0", "--wait"}).exit, 0) << "from now on that one is its own";
  EXPECT_FALSE(fs::exists(lectern.work() / "a (3).flac"));
}

TEST(Repair, ASegmentThatFailedIsMendedWithOtherWords) {
  Installation lectern(0, "max_attempts: 2\n");
  const auto script = lectern.script("a.txt", "A good sentence is here.\n\nThis one has fault-fail in it.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 1);
  const auto failed = segments(lectern, {"--flagged"});
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0]["state"], "failed");
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "1", "--text", "This one is good.", "--wait"}).exit, 0);
  EXPECT_TRUE(fs::exists(lectern.work() / "a.flac"));
}

TEST(Repair, TakesThatAreGoneAreSpokenAgainForARedo) {
  Installation lectern;
  const auto script = lectern.script("a.txt", sentences(1, "one") + "\n\n" + sentences(1, "two"));
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(lectern.run({"prune", "--takes", "0"}).exit, 0);
  const Ended redo = lectern.run({"redo", "1", "--segment", "1", "--wait"});
  EXPECT_EQ(redo.exit, 0) << redo.err;
  EXPECT_NE(redo.out.find("2 segments to be spoken"), std::string::npos) << redo.out;
  EXPECT_NE(redo.out.find("1 of them because their takes were removed"), std::string::npos) << redo.out;
}

TEST(Repair, WhatCannotBeRedoneSaysWhyAndChangesNothing) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--wait"}).exit, 0);
  const std::string before = content(lectern.work() / "a.json");
  const auto refused = [&](std::vector<std::string> words, int exit, const std::string& what) {
    words.insert(words.begin(), "redo");
    const Ended ended = lectern.run(words);
    EXPECT_EQ(ended.exit, exit) << ended.err;
    EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 2) << ended.err;
  };
  refused({"1", "--segment", "9"}, 4, "job #1 has no segment 9");
  refused({"7", "--segment", "0"}, 4, "no such job: 7");
  refused({"1"}, 2, "--segment");
  refused({"1", "--segment", "0", "--text", "..."}, 5, "nothing that can be spoken");
  refused({"1", "--segment", "0", "--text", std::string(2000, 'a')}, 5, "a segment of this model has at most 300");
  refused({"1", "--segment", "0", "--segment", "1", "--text", "Both."}, 5, "for one segment");
  EXPECT_EQ(lectern.run({"submit", lectern.script("b.txt", sentences(1, "two")), "--at", "+3h"}).exit, 0);
  refused({"2", "--segment", "0"}, 5, "job #2 is queued");
  EXPECT_EQ(lectern.run({"cancel", "2"}).exit, 0);
  refused({"2", "--segment", "0"}, 5, "job #2 is cancelled");
  EXPECT_EQ(content(lectern.work() / "a.json"), before);
  EXPECT_EQ(lectern.status()["jobs"][0]["state"], "done");
}

TEST(Repair, AJobAndItsSegmentsArePlayedThroughThePlayerThatIsThere) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--wait"}).exit, 0);
  const auto play = [&](const std::string& folders, std::vector<std::string> words) {
    fs::remove(lectern.folder() / "played");
    const std::string before = std::getenv("PATH");
    setenv("PATH", folders.c_str(), 1);
    words.insert(words.begin(), "play");
    const Ended ended = lectern.run(words);
    setenv("PATH", before.c_str(), 1);  // others of this process need it
    return ended;
  };
  const std::string players = with_player(lectern, "aplay");
  const Ended none = play(players, {"1"});  // aplay cannot read FLAC
  EXPECT_EQ(none.exit, 4);
  EXPECT_NE(none.err.find("no player found"), std::string::npos) << none.err;
  EXPECT_NE(none.err.find((lectern.work() / "a.flac").string()), std::string::npos) << none.err;
  EXPECT_NE(none.err.find("install ffmpeg"), std::string::npos) << none.err;

  with_player(lectern, "mpv");
  EXPECT_EQ(play(players, {"1"}).exit, 0);
  const std::string played = content(lectern.folder() / "played");
  EXPECT_NE(played.find((lectern.work() / "a.flac").string() + "\n"), std::string::npos) << played;
  EXPECT_EQ(play(players, {"1", "--segment", "2"}).exit, 0);
  EXPECT_NE(content(lectern.folder() / "played").find("/takes/"), std::string::npos);

  with_player(lectern, "mpv", 3);
  const Ended failed = play(players, {"1"});
  EXPECT_NE(failed.err.find("it ended with exit code 3"), std::string::npos) << failed.err;
  EXPECT_EQ(play(players, {"1", "--segment", "44"}).exit, 4);
  fs::remove(lectern.work() / "a.flac");
  const Ended gone = play(players, {"1"});
  EXPECT_EQ(gone.exit, 4);
  EXPECT_NE(gone.err.find("is gone"), std::string::npos) << gone.err;
}

// A work with a file for each chapter, and a folder that holds nothing else.
class RepairChapters : public testing::Test {
 protected:
  RepairChapters() {
    const std::string script = "# A Small Book\n\nWhat stands before the chapters.\n\n## The First\n\n" +
                               sentences(2, "one") + "\n\n## The Second\n\n" + sentences(2, "two");
    // As it was spoken: what is not redone stays the same to the last byte.
    EXPECT_EQ(lectern
                  .run({"submit", lectern.script("book.md", script), "--split", "chapters", "--subtitles", "srt",
                        "--loudness", "none", "--wait"})
                  .exit,
              0);
  }
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(folder)) all[entry.path().filename()] = sha256_file(entry.path());
    return all;
  }
  std::uint64_t last_segment() const { return segments(lectern).size() - 1; }

  Installation lectern;
  fs::path folder = lectern.work() / "book";
};

ino_t inode_of(const fs::path& file) {
  struct stat found {};
  EXPECT_EQ(stat(file.c_str(), &found), 0) << file;
  return found.st_ino;
}

TEST_F(RepairChapters, OneSegmentIsSpokenAnewAndTheFolderReplacedAsAWhole) {
  const auto before = files();
  ASSERT_EQ(before.size(), 7u) << "three chapters with subtitles, and the sidecar";
  const ino_t first_folder = inode_of(folder);
  const int takes = spoken(lectern);
  const std::string last = std::to_string(last_segment());
  const Ended redo = lectern.run({"redo", "1", "--segment", last, "--text", "These are 3 other words.", "--wait"});
  EXPECT_EQ(redo.exit, 0) << redo.err;
  EXPECT_EQ(spoken(lectern), takes + 1);
  const auto after = files();
  ASSERT_EQ(after.size(), before.size());
  for (const auto& [name, hash] : after) {
    ASSERT_TRUE(before.contains(name)) << name;
    const bool of_the_segment = name.starts_with("03 ") || name == "sidecar.json";
    EXPECT_EQ(hash != before.at(name), of_the_segment) << name;
  }
  EXPECT_NE(inode_of(folder), first_folder) << "the folder changes places with another one, in one step";
  const json told = sidecar(folder / "sidecar.json");
  EXPECT_EQ(told["edition"], 1);
  EXPECT_EQ(told["segments"].back()["text"], "These are three other words.");
  EXPECT_EQ(told["segments"].back()["edited"], true);
  for (const json& file : told["files"]) EXPECT_EQ(file["sha256"], after.at(file["name"]));
  EXPECT_NE(content(folder / "03 The Second.srt").find("These are three other words."), std::string::npos);
  EXPECT_EQ(lectern.run({"verify", "1"}).exit, 0) << lectern.run({"verify", "1"}).out;
  EXPECT_FALSE(fs::exists(lectern.work() / "book (2)"));
  EXPECT_TRUE(lectern.leftovers().empty());
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(RepairChapters, AFolderInWhichSomebodyChangedAnythingIsNotReplaced) {
  const std::string last = std::to_string(last_segment());
  std::ofstream(folder / "my notes.txt") << "mine";
  const auto before = files();
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", last, "--seed", "5", "--wait"}).exit, 0);
  EXPECT_EQ(files(), before);
  EXPECT_EQ(sidecar(lectern.work() / "book (2)" / "sidecar.json")["edition"], 1);
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", last, "--seed", "6", "--wait"}).exit, 0);
  EXPECT_EQ(sidecar(lectern.work() / "book (2)" / "sidecar.json")["edition"], 2) << "from now on that one is its own";
  EXPECT_FALSE(fs::exists(lectern.work() / "book (3)"));
}

TEST_F(RepairChapters, ArePlayedInOrderAndASegmentAlone) {
  const std::string players = with_player(lectern, "mpv", 0);
  const auto play = [&](std::vector<std::string> words) {
    const std::string before = std::getenv("PATH");
    setenv("PATH", players.c_str(), 1);
    words.insert(words.begin(), "play");
    const Ended ended = lectern.run(words);
    setenv("PATH", before.c_str(), 1);
    EXPECT_EQ(ended.exit, 0) << ended.err;
    return ended.out;
  };
  EXPECT_EQ(play({"1"}), (folder / "01 A Small Book.flac").string() + "\n" + (folder / "02 The First.flac").string() +
                             "\n" + (folder / "03 The Second.flac").string() + "\n");
  const auto last = segments(lectern).back();
  const std::string take = last["take"];
  play({"1", "--segment", std::to_string(last["index"].get<int>())});
  EXPECT_NE(content(lectern.folder() / "played").find("/" + take + ".flac\n"), std::string::npos);
}

TEST(Repair, OneSegmentOfAnM4bIsSpokenAnewAndTheFileReplaced) {
  NEEDS_PROGRAM("ffmpeg");
  Installation lectern;
  const auto script = lectern.script("a.md", "# One\n\n" + sentences(2, "one") + "\n\n# Two\n\n" + sentences(2, "two"));
  EXPECT_EQ(lectern.run({"submit", script, "--format", "m4b", "--wait"}).exit, 0);
  const fs::path audio = lectern.work() / "a.m4b";
  const std::string old = sha256_file(audio);
  const int takes = spoken(lectern);
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "1", "--text", "Some other words.", "--wait"}).exit, 0);
  EXPECT_EQ(spoken(lectern), takes + 1);
  EXPECT_NE(sha256_file(audio), old);
  EXPECT_EQ(sidecar(lectern.work() / "a.json")["sha256"], sha256_file(audio));
  EXPECT_EQ(lectern.run({"verify", "1"}).exit, 0) << lectern.run({"verify", "1"}).out;
  EXPECT_FALSE(fs::exists(lectern.work() / "a (2).m4b"));
  EXPECT_TRUE(lectern.leftovers().empty());
}

// The broker dies at every point of a redo in turn; of a work in one file, or by chapters.
class RedoCrash : public testing::TestWithParam<std::tuple<std::string, int>> {};
constexpr int kShards = 4;

bool die_at(int point, const std::string& split) {
  Installation lectern(0, "keep_alive: 60\n", LECTERN_FAULTS_PROGRAM);
  const bool in_one = split == "none";
  const fs::path work = lectern.work();
  const fs::path audio = work / (in_one ? "a.flac" : "a/01 One.flac");
  const fs::path beside = work / (in_one ? "a.json" : "a/sidecar.json");
  const std::string text = "# One\n\n" + sentences(1, "one") + "\n\n# Two\n\n" + sentences(1, "two");
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.md", text), "--split", split, "--wait"}).exit, 0);
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  const std::string old = sha256_file(audio);
  const fs::path marker = lectern.folder() / "died";
  const Variable death("LECTERN_DIE_AT", "lectern-broker " + std::to_string(point) + " " + marker.string());
  protocol::Redo wish;
  wish.redo_id = "redo-00001";
  wish.job = "1";
  wish.segments = {1};
  std::optional<Peer> peer;
  bool asked = false;
  const auto finished = [&] {
    if (!lectern.broker()) {
      peer.reset();
      lectern.run({"start"});
      return false;
    }
    if (!peer) peer.emplace(lectern.paths().client_socket());
    const std::string standing = sha256_file(audio);
    const auto told = sidecar(beside);
    EXPECT_TRUE(standing == old || standing == told["files"][0]["sha256"]) << "neither the old file nor the new one";
    if (!asked) {
      asked = peer->ask<protocol::Redone>(wish, {}, 0.5).has_value();
      EXPECT_EQ(peer->refusal, "");
      return false;
    }
    const auto jobs = peer->ask<protocol::Jobs>(protocol::Status{all_jobs()}, {}, 0.5);
    if (!jobs || jobs->jobs.empty()) return false;
    EXPECT_NE(jobs->jobs[0].state, "failed") << jobs->jobs[0].reason;
    return jobs->jobs[0].state == "done" && standing != old;
  };
  EXPECT_TRUE(Installation::until(finished, 30)) << "the redo is lost";
  const auto told = sidecar(beside);
  EXPECT_EQ(told["edition"], 1) << "once";
  for (const json& file : told["files"])
    EXPECT_EQ(file["sha256"], sha256_file(beside.parent_path() / file["name"].get<std::string>()));
  EXPECT_TRUE(seal_holds(content(beside)));
  EXPECT_EQ(lectern.audio().size(), told["files"].size());
  EXPECT_TRUE(lectern.leftovers().empty());
  EXPECT_EQ(lectern.broken(), "");
  if (testing::Test::HasFailure()) ADD_FAILURE() << "died at point " << point << ": " << content(marker);
  return fs::exists(marker);
}

TEST_P(RedoCrash, AtEveryPointLosesNeitherTheOldFileNorTheRedo) {
  const auto& [split, shard] = GetParam();
  int point = 1 + shard;
  while (!HasFailure() && die_at(point, split)) point += kShards;
  EXPECT_GT(point, 40) << "so few points cannot be all";
  std::printf("points up to %d\n", point - kShards);
}

INSTANTIATE_TEST_SUITE_P(Every, RedoCrash,
                         testing::Combine(testing::Values("none", "chapters"), testing::Range(0, kShards)));

}  // namespace
}  // namespace lectern
