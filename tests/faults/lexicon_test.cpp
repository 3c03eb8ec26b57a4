// The lexicon with the real programs: who gets which entries, and that a change speaks only what it touches.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/faults/installation.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string spoken_in(const fs::path& sidecar) {
  std::ifstream in(sidecar);
  std::string all;
  const json content = json::parse(in, nullptr, false);
  for (const auto& segment : content.value("segments", json::array())) all += segment["text"].get<std::string>() + "|";
  return all;
}

int spoken(const Installation& lectern) { return lectern.status()["workers"][0]["segments_done"].get<int>(); }

TEST(Lexicon, AChangeSpeaksOnlyTheSegmentsThatItTouches) {
  Installation lectern;
  const auto script = lectern.script("a.txt", "Lord Cholmondeley came in here.\n\nNobody else was there at all.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  const int before = spoken(lectern);
  const Ended added = lectern.run({"lexicon", "add", "Cholmondeley", "Chumley"});
  EXPECT_EQ(added.exit, 0) << added.err;
  EXPECT_EQ(added.out, "added: Cholmondeley is spoken Chumley\n");
  const Ended dry = lectern.run({"submit", script, "--dry-run"});
  EXPECT_NE(dry.out.find("1 of 2 segments are already spoken"), std::string::npos) << dry.out;
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(spoken(lectern), before + 1);
  EXPECT_EQ(spoken_in(lectern.work() / "a (2).json"), "Lord Chumley came in here.|Nobody else was there at all.|");
  EXPECT_EQ(lectern.run({"lexicon", "remove", "Cholmondeley"}).exit, 0);
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(spoken(lectern), before + 1) << "as at first";
}

TEST(Lexicon, AJobKeepsTheEntriesThatItWasSubmittedWith) {
  Installation lectern;
  const auto add = [&](const char* how) { EXPECT_EQ(lectern.run({"lexicon", "add", "Cholmondeley", how}).exit, 0); };
  add("Chumley");
  const auto script = lectern.script("a.txt", "Lord Cholmondeley came in here.\n\nAnother sentence.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--at", "+3h"}).exit, 0);
  add("Shumlay");
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  EXPECT_EQ(lectern.run({"run-now", "1"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait", "1", "--timeout", "30"}).exit, 0);
  EXPECT_EQ(spoken_in(lectern.work() / "a.json"), "Lord Chumley came in here.|Another sentence.|");
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "1", "--text", "Cholmondeley!", "--wait"}).exit, 0);
  EXPECT_EQ(spoken_in(lectern.work() / "a.json"), "Lord Chumley came in here.|Chumley!|");
}

TEST(Lexicon, OfAFolderAScriptAndASubmitStandOverEachOther) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"lexicon", "add", "aaa", "all"}).exit, 0);
  EXPECT_EQ(lectern.run({"lexicon", "add", "bbb", "everywhere"}).exit, 0);
  EXPECT_EQ(lectern.run({"lexicon", "add", "bbb", "scripted", "--file", "of-script.yaml"}).exit, 0);
  EXPECT_EQ(lectern.run({"lexicon", "add", "bbb", "submitted", "--file", "of-submit.yaml"}).exit, 0);
  const auto script = lectern.script("a.txt", "---\nlexicon: of-script.yaml\n---\nHere is aaa and bbb.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(spoken_in(lectern.work() / "a.json"), "Here is all and scripted.|");
  EXPECT_EQ(lectern.run({"submit", script, "--wait", "--lexicon", "of-submit.yaml"}).exit, 0);
  EXPECT_EQ(spoken_in(lectern.work() / "a (2).json"), "Here is all and submitted.|");

  const fs::path watched = lectern.work() / "watched";
  fs::create_directories(watched);
  EXPECT_EQ(lectern.run({"lexicon", "add", "aaa", "foldered", "--file", (watched / "words.yaml").string()}).exit, 0);
  std::ofstream(lectern.folder() / "home/config.yaml", std::ios::app)
      << "folders:\n  - path: " << watched.string()
      << "\n    stable_s: 0\n    ignore: [words.yaml]\n    lexicon: words.yaml\n";
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  lectern.script("watched/b.txt", "Here is aaa and bbb.\n");
  const Ended scan = lectern.run({"folder", "scan", "--once"});
  EXPECT_EQ(scan.exit, 0) << scan.err << scan.out;
  EXPECT_EQ(spoken_in(watched / "done/b.json"), "Here is foldered and everywhere.|");
}

TEST(Lexicon, PhonemesAreLeftOutForAModelWithoutAndThatIsSaid) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"lexicon", "add", "Cholmondeley", "/ˈtʃʌmli/"}).exit, 0);
  const auto script = lectern.script("a.txt", "Lord Cholmondeley came in here.\n");
  for (const char* how : {"--dry-run", "--wait"}) {
    const Ended ended = lectern.run({"submit", script, how});
    EXPECT_EQ(ended.exit, 0);
    EXPECT_NE(ended.err.find("sine takes no phonemes: left out for Cholmondeley"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(spoken_in(lectern.work() / "a.json"), "Lord Cholmondeley came in here.|");
  const Ended other = lectern.run({"submit", lectern.script("b.txt", "Nothing of it.\n"), "--dry-run"});
  EXPECT_EQ(other.err, "") << "only where the word stands";
}

TEST(Lexicon, WhatIsWrongIsSaidAndChangesNothing) {
  Installation lectern;
  const auto refused = [&](const std::vector<std::string>& words, int exit, const std::string& what) {
    const Ended ended = lectern.run(words);
    EXPECT_EQ(ended.exit, exit) << ended.err;
    EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("\nhint: "), std::string::npos) << ended.err;
  };
  refused({"lexicon", "add", "", "x"}, 5, "empty word");
  refused({"lexicon", "add", "x", ""}, 5, "nothing that is spoken");
  refused({"lexicon", "add", "x", "/t9/"}, 5, "'9' in /t9/");
  refused({"lexicon", "add", "x", "/t/", "--model", "sine"}, 5, "sine takes no phonemes");
  refused({"lexicon", "add", "x", "y", "--model", "snie"}, 4, "unknown model 'snie'");
  EXPECT_FALSE(fs::exists(lectern.paths().lexicon()));
  EXPECT_EQ(lectern.run({"lexicon", "list"}).exit, 0);
  refused({"lexicon", "list", "--file", "none.yaml"}, 4, "none.yaml");
  EXPECT_EQ(lectern.run({"lexicon", "add", "x", "y"}).exit, 0);
  refused({"lexicon", "remove", "z"}, 4, "no such entry");
  const auto script = lectern.script("a.txt", "Some text.\n");
  refused({"submit", script, "--lexicon", "none.yaml"}, 4, "none.yaml");
  lectern.script("broken.yaml", "- word: a\n  spoken: b\n- wrod: c\n");
  refused({"submit", script, "--lexicon", "broken.yaml"}, 5, "broken.yaml:3");
  std::ofstream(lectern.paths().lexicon(), std::ios::app) << "- {\n";
  refused({"submit", script}, 5, "lexicon.yaml:");
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(Lexicon, ATextIsTriedAndHeard) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"lexicon", "add", "Cholmondeley", "Chumley"}).exit, 0);
  const Ended tried = lectern.run({"lexicon", "try", "Lord Cholmondeley came.", "-o", "try.flac"});
  EXPECT_EQ(tried.exit, 0) << tried.err;
  EXPECT_EQ(tried.out, "Lord Chumley came.\n" + (lectern.work() / "try.flac").string() + "\n");
  EXPECT_EQ(lectern.audio().count("try.flac"), 1u);
  const fs::path players = lectern.folder() / "players";
  fs::create_directories(players);
  std::ofstream(players / "play") << "#!/bin/sh\necho \"$@\" > " << (lectern.folder() / "played") << "\n";
  chmod((players / "play").c_str(), 0755);
  const std::string before = std::getenv("PATH");
  setenv("PATH", players.c_str(), 1);
  EXPECT_EQ(lectern.run({"lexicon", "try", "Lord Cholmondeley went."}).exit, 0);
  setenv("PATH", before.c_str(), 1);
  std::string heard;
  std::ifstream(lectern.folder() / "played") >> heard >> heard;  // behind "-q"
  EXPECT_NE(heard.find(".flac"), std::string::npos) << heard;
  EXPECT_FALSE(fs::exists(heard)) << "it goes when it was heard";
}

}  // namespace
}  // namespace lectern
