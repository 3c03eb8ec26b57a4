// `lectern verify` with the real programs: a whole narration passes, whatever is wrong with one is found and named, and
// odd takes are shown with their times. And the check at publishing is loud.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "config/seal.h"
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
void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

json verified(const Installation& lectern, const std::string& what, int exit) {
  const Ended ended = lectern.run({"verify", what, "--json"});
  EXPECT_EQ(ended.exit, exit) << ended.out << ended.err;
  const json all = json::parse(ended.out, nullptr, false);
  return all.is_object() ? all["verified"][0] : json::object();
}

// What failed, and why.
std::string wrong(const json& one) {
  std::string all;
  for (const auto& check : one.value("checks", json::array()))
    if (!check["passed"].get<bool>())
      all += check["name"].get<std::string>() + ": " + check["detail"].get<std::string>() + "|";
  return all;
}

class Verify : public testing::Test {
 protected:
  Verify() {
    script = "# A title\n\n" + sentences(4, "one") + "\n\n* * *\n\nThe 2nd part has 12 words, more or less. " +
             sentences(3, "two");
    EXPECT_EQ(lectern.run({"submit", lectern.script("a.md", script), "--wait"}).exit, 0);
    audio = lectern.work() / "a.flac";
    sidecar = lectern.work() / "a.json";
  }
  // The sidecar with a change of its content, sealed anew: as if it had been published so.
  void change(const std::function<void(nlohmann::ordered_json&)>& how) {
    auto told = nlohmann::ordered_json::parse(content(sidecar));
    told.erase("seal");
    how(told);
    write(sidecar, sealed(told.dump(1)));
  }
  void expect_wrong(const std::string& what) {
    const std::string found = wrong(verified(lectern, "1", 1));
    EXPECT_NE(found.find(what), std::string::npos) << found;
  }

  Installation lectern;
  std::string script;
  fs::path audio, sidecar;
};

TEST_F(Verify, AWholeNarrationPassesByJobAndByFile) {
  const json one = verified(lectern, "1", 0);
  EXPECT_EQ(one["whole"], true);
  EXPECT_EQ(one["checks"].size(), 6u);
  EXPECT_EQ(one["number"], 1);
  EXPECT_EQ(one["checks"][4]["detail"], "every word is spoken, in order");
  EXPECT_EQ(verified(lectern, audio, 0)["number"], 1) << "the broker knows whose file it is";
  EXPECT_EQ(json::parse(content(sidecar))["coverage"], (json{{"complete", true}, {"problems", json::array()}}));
  EXPECT_EQ(lectern.run({"prune", "--jobs", "0", "--takes", "0"}).exit, 0);
  const json forgotten = verified(lectern, sidecar, 0);
  EXPECT_EQ(forgotten["number"], 0);
  EXPECT_EQ(forgotten["checks"][4]["detail"], "every character is accounted for");
  EXPECT_NE(forgotten["checks"][5]["detail"].get<std::string>().find("were removed"), std::string::npos);
  const Ended text = lectern.run({"verify", "a.flac"});
  EXPECT_EQ(text.exit, 0);
  EXPECT_NE(text.out.find("ok  duration"), std::string::npos) << text.out;
}

TEST_F(Verify, WhatWasChangedIsFound) {
  const std::string sound = content(audio), told = content(sidecar);
  write(audio, sound.substr(0, sound.size() - 10));
  expect_wrong("audio: is not as it was published");
  fs::remove(audio);
  expect_wrong("audio: it is gone");
  write(audio, sound);
  write(sidecar, told + "\n");
  expect_wrong("sidecar: was changed since it was published");
  write(sidecar, "{}");
  expect_wrong("sidecar: is no sidecar");
  fs::remove(sidecar);
  expect_wrong("sidecar: it is gone");
  write(sidecar, told);
  EXPECT_EQ(wrong(verified(lectern, "1", 0)), "");
}

TEST_F(Verify, WhatWasPublishedWrongIsFound) {
  const std::string told = content(sidecar);
  const auto wrongly = [&](const std::function<void(nlohmann::ordered_json&)>& how, const std::string& what) {
    write(sidecar, told);
    change(how);
    expect_wrong(what);
  };
  wrongly([](auto& s) { s["segments"].erase(s["segments"].begin() + 1); }, "script: characters");
  wrongly([](auto& s) { s["segments"][1]["text"] = "Another text."; }, "script: segment 1 speaks 'Another text.'");
  wrongly([](auto& s) { s["unspoken"].erase(s["unspoken"].begin()); }, "have no reason");
  wrongly([](auto& s) { s["segments"][2]["start_s"] = 99; }, "duration: segment 2 begins at 99.000 s");
  wrongly(
      [](auto& s) {
        s["segments"].back()["pause_s"] = 99;
        s["seconds"] = s["seconds"].template get<double>() + 99;
      },
      "duration: ");
  wrongly([](auto& s) { s["peak"] = 0.1; }, "level: its peak is");
  wrongly([](auto& s) { s["job_id"] = "another-job"; }, "sidecar: is of another job");
  wrongly([](auto& s) { s["segments"] = "none"; }, "the sidecar does not say what it should");
  write(sidecar, told);
  change([](auto& s) { s["segments"][1]["text"] = "Another text.", s["segments"][1]["edited"] = true; });
  EXPECT_EQ(wrong(verified(lectern, "1", 0)), "") << "an edit is meant so";
}

TEST_F(Verify, WhatCannotBeVerifiedSaysWhy) {
  const auto refused = [&](const std::string& what, int exit, const std::string& why) {
    const Ended ended = lectern.run({"verify", what});
    EXPECT_EQ(ended.exit, exit) << ended.err;
    EXPECT_NE(ended.err.find(why), std::string::npos) << ended.err;
  };
  refused("9", 4, "no such job: 9");
  refused("nowhere/x.flac", 4, "neither audio nor sidecar is there");
  EXPECT_EQ(lectern.run({"submit", lectern.script("b.txt", "Some text."), "--at", "+3h"}).exit, 0);
  refused("2", 5, "job #2 is queued");
}

TEST_F(Verify, ARedoStaysWhole) {
  EXPECT_EQ(lectern.run({"redo", "1", "--segment", "2", "--text", "These are 3 other words.", "--wait"}).exit, 0);
  const json one = verified(lectern, "1", 0);
  EXPECT_EQ(wrong(one), "");
  EXPECT_EQ(one["checks"][4]["detail"], "every word is spoken, in order; 1 segment edited");
}

// A work with a file for each chapter.
TEST(VerifyChapters, FindsWhatIsDamagedMissingOrAltered) {
  Installation lectern;
  const auto script = lectern.script("book.md", "[pause: 2s]\n\n# One\n\n" + sentences(2, "one") +
                                                    "\n\n[pause: 3s]\n\n# Two\n\n" + sentences(2, "two"));
  EXPECT_EQ(lectern.run({"submit", script, "--split", "chapters", "--subtitles", "vtt", "--wait"}).exit, 0);
  const fs::path folder = lectern.work() / "book", sidecar = folder / "sidecar.json";
  EXPECT_EQ(verified(lectern, "1", 0)["checks"][1]["detail"], "4 files, each with its SHA-256");
  EXPECT_EQ(verified(lectern, folder, 0)["audio"], folder.string());
  EXPECT_EQ(verified(lectern, sidecar, 0)["whole"], true);
  const auto wrongly = [&](const fs::path& file, const std::function<void()>& change, const std::string& what) {
    const std::string before = content(file);
    change();
    const std::string found = wrong(verified(lectern, "1", 1));
    EXPECT_NE(found.find(what), std::string::npos) << found;
    EXPECT_EQ(wrong(verified(lectern, folder, 1)), found) << "by its folder as by its job";
    write(file, before);
  };
  const fs::path second = folder / "02 Two.flac";
  wrongly(
      second, [&] { write(second, content(second) + "x"); },
      "audio: is not as it was published: the SHA-256 of 02 Two.flac is another");
  wrongly(
      second, [&] { fs::remove(second); }, "audio: it is gone: " + second.string());
  wrongly(
      second, [&] { write(second, content(folder / "01 One.flac")); }, "duration: 02 Two.flac lasts");
  const fs::path lines = folder / "01 One.vtt";
  wrongly(
      lines, [&] { write(lines, content(lines) + "\n"); }, "the SHA-256 of 01 One.vtt is another");
  wrongly(
      sidecar, [&] { write(sidecar, content(sidecar) + "\n"); }, "sidecar: was changed since it was published");
  const auto altered = [&](const std::function<void(nlohmann::ordered_json&)>& how) {
    auto told = nlohmann::ordered_json::parse(content(sidecar));
    told.erase("seal");
    how(told);
    write(sidecar, sealed(told.dump(1)));
  };
  wrongly(
      sidecar, [&] { altered([](auto& told) { told["segments"].back()["file"] = "01 One.flac"; }); }, "duration: ");
  EXPECT_EQ(wrong(verified(lectern, "1", 0)), "");
  fs::remove(sidecar);
  EXPECT_NE(wrong(verified(lectern, "1", 1)).find("sidecar: it is gone"), std::string::npos);
}

TEST(VerifyM4b, FindsWhatIsDamaged) {
  NEEDS_PROGRAM("ffmpeg");
  Installation lectern;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(4, "one")), "--format", "m4b", "--wait"}).exit, 0);
  EXPECT_EQ(wrong(verified(lectern, "1", 0)), "");
  const fs::path audio = lectern.work() / "a.m4b";
  const std::string whole = content(audio);
  write(audio, whole.substr(0, whole.size() / 2));
  const std::string found = wrong(verified(lectern, "1", 1));
  EXPECT_NE(found.find("audio: is not as it was published"), std::string::npos) << found;
  EXPECT_NE(found.find("duration: "), std::string::npos) << found;
}

// A worker that speaks some segments oddly.
TEST(Signals, OddTakesAreFlaggedWithTheirTimes) {
  const Variable sleeps("LECTERN_AGENT_SLEEPS", "1");
  Installation lectern(0, "", LECTERN_FAULTS_PROGRAM);
  std::string script;
  for (int i = 0; i < 20; ++i)
    script += "This is sentence number " + std::to_string(i) + " of the whole script here.\n\n";
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  PlayedWorker worker(lectern.paths(), "odd-worker");
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", script)}).exit, 0);
  for (int i = 0; i < 20; ++i) {
    const auto work = worker.work();
    ASSERT_TRUE(work) << i;
    const auto is = [&](const char* number) {
      return work->text.find(std::string("number ") + number) != std::string::npos;
    };
    const double usual = static_cast<double>(work->text.size()) / 15;
    worker.speak(*work, usual * (is("seven of") ? 6 : is("twelve of") ? 1.9 : 1));
  }
  EXPECT_EQ(lectern.run({"wait", "1", "--timeout", "20"}).exit, 0);
  const json one = verified(lectern, "1", 0);
  ASSERT_EQ(one["flagged"].size(), 2u) << one.dump(1);
  EXPECT_EQ(one["flagged"][0]["flags"], (json{"too_long", "pace_outlier"}));
  EXPECT_EQ(one["flagged"][1]["flags"], (json{"pace_outlier"}));
  EXPECT_EQ(one["flagged"][1]["index"], 12);
  EXPECT_GT(one["flagged"][1]["start_s"].get<double>(), 20);
  const Ended listed = lectern.run({"segments", "1", "--flagged", "--json"});
  EXPECT_EQ(json::parse(listed.out)["segments"].size(), 2u) << listed.out;
  EXPECT_NE(lectern.run({"status", "1"}).out.find("flagged    2 segments"), std::string::npos);
  EXPECT_NE(lectern.run({"report"}).out.find("#1: 2 segments flagged"), std::string::npos)
      << lectern.run({"report"}).out;
  EXPECT_EQ(lectern.status()["jobs"][0]["segments_flagged"], 2);
}

// A segment that lost its words in the database: it is published, and everybody is told.
TEST(CoverageCheck, IsLoudWhenSomethingOfTheScriptIsMissing) {
  Installation lectern;
  const auto script = lectern.script("a.txt", "The first sentence is here.\n\nThe second one is here as well.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--at", "+3h"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["jobs"][0]["segments"] == 2; }));
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(lectern.paths().database().c_str(), &database), SQLITE_OK);
  EXPECT_EQ(
      sqlite3_exec(database, "UPDATE segments SET spoken = 'The second one.' WHERE idx = 1", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  EXPECT_EQ(lectern.run({"run-now", "1"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait", "1", "--timeout", "20"}).exit, 0);
  const std::string reason = lectern.status()["jobs"][0]["reason"];
  EXPECT_EQ(reason,
            "not all of the script is accounted for: segment 1 speaks 'The second one.', the script says "
            "'The second one is here as well.'");
  const json told = json::parse(content(lectern.work() / "a.json"));
  EXPECT_EQ(told["coverage"]["complete"], false);
  EXPECT_EQ(told["coverage"]["problems"].size(), 1u);
  EXPECT_NE(lectern.run({"status"}).out.find("not all of the script"), std::string::npos);
  EXPECT_NE(wrong(verified(lectern, "1", 1)).find("script: segment 1"), std::string::npos);
}

}  // namespace
}  // namespace lectern
