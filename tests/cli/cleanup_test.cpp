// `lectern cleanup` over the real queue and its real files: what goes, and above all what stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "cli/published_files.h"
#include "config/file.h"
#include "config/seal.h"
#include "config/sha256.h"
#include "tests/faults/installation.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using Names = std::set<std::string>;

class Cleanup : public testing::Test {
 protected:
  // What stands in the folder of scripts and outputs.
  Names standing() const {
    Names names;
    for (const auto& entry : fs::directory_iterator(lectern.work())) names.insert(entry.path().filename().string());
    return names;
  }
  std::uint64_t size(const std::string& name) const { return fs::file_size(lectern.work() / name); }
  void narrate(const std::string& name, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"submit", lectern.script(name, sentences(2, name)), "--wait"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = lectern.run(words);
    ASSERT_EQ(ended.exit, 0) << ended.err;
  }
  json clean(std::vector<std::string> words) {
    words.insert(words.begin(), "cleanup");
    words.push_back("--json");
    const Ended ended = lectern.run(words);
    EXPECT_EQ(ended.exit, 0) << ended.err;
    return json::parse(ended.out, nullptr, false);
  }
  static std::string why_kept(const json& report, const std::string& name) {
    for (const json& kept : report["kept"])
      if (fs::path(kept["file"].get<std::string>()).filename() == name) return kept["reason"];
    return "";
  }
  std::size_t takes() const {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(lectern.paths().takes()))
      files += entry.is_regular_file();
    return files;
  }
  fs::path install_model() {
    const fs::path folder = lectern.paths().model("kokoro-82m");
    fs::create_directories(folder / "voices");
    json files = json::array();
    for (const char* path : {"kokoro-quantized.onnx", "voices/af_heart.bin"}) {
      std::ofstream(folder / path) << "bytes";
      files.push_back({{"path", path}, {"bytes", 5}, {"sha256", sha256("bytes")}});
    }
    std::ofstream(folder / "installed.json")
        << json({{"model", "kokoro-82m"}, {"source", "a test"}, {"files", files}}).dump();
    return folder;
  }

  Installation lectern;
};

TEST_F(Cleanup, NothingNamedIsWrongUsage) {
  const Ended ended = lectern.run({"cleanup"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_THAT(ended.err, HasSubstr("hint: give --gpu, --cache, --models, --outputs or --all"));
}

TEST_F(Cleanup, WithNobodyToAskItShowsWhatItWouldRemoveAndRefuses) {
  narrate("a.txt");
  const Names before = standing();
  const Ended ended = lectern.run({"cleanup", "--all"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_THAT(ended.out, HasSubstr("2 finished files in " + lectern.work().string()));
  EXPECT_THAT(ended.out, HasSubstr("2 takes that no unfinished or failed job needs"));
  EXPECT_THAT(ended.err, HasSubstr("hint: say --yes"));
  EXPECT_EQ(lectern.run({"cleanup", "--all", "--json"}).exit, 2);
  EXPECT_EQ(standing(), before);
  EXPECT_EQ(takes(), 2u);
}

TEST_F(Cleanup, ADryRunChangesNothing) {
  narrate("a.txt");
  const Names before = standing();
  const json report = clean({"--all", "--dry-run"});
  EXPECT_EQ(report["outputs"].size(), 2u);
  EXPECT_EQ(report["outputs"][0]["file"], (lectern.work() / "a.flac").string());
  EXPECT_EQ(report["freed_bytes"], 0);
  EXPECT_GT(report["bytes"], size("a.flac"));
  EXPECT_EQ(standing(), before);
  EXPECT_EQ(takes(), 2u);
}

TEST_F(Cleanup, WithoutJobsThereIsNothingAndNoBrokerIsStarted) {
  const Ended ended = lectern.run({"cleanup", "--all", "--yes"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out, "there is nothing to remove\n");
  EXPECT_EQ(lectern.broker(), 0);
}

TEST_F(Cleanup, OutputsGoWithTheirSidecarsAndNothingElseInTheFolder) {
  narrate("a.txt");
  narrate("b.txt");
  const std::uint64_t bytes = size("a.flac") + size("a.json") + size("b.flac") + size("b.json");
  for (const char* name : {"mine.flac", "mine.json", "a.flac.bak", "a (2).flac"})
    std::ofstream(lectern.work() / name) << "precious";
  const Ended ended = lectern.run({"cleanup", "--outputs", "--yes"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::MatchesRegex(".*\nfreed .* \\([0-9,]+ bytes\\)\n"));
  std::string digits = ended.out.substr(ended.out.rfind('('));
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  EXPECT_EQ(digits, std::to_string(bytes));
  EXPECT_EQ(standing(), (Names{"a.txt", "b.txt", "mine.flac", "mine.json", "a.flac.bak", "a (2).flac"}));
  EXPECT_EQ(lectern.run({"cleanup", "--outputs", "--yes"}).out, "there is nothing to remove\n");
  EXPECT_EQ(takes(), 4u) << "only outputs were named";
}

TEST_F(Cleanup, AChangedOutputStaysWithItsSidecar) {
  for (const char* name : {"a.txt", "b.txt", "c.txt", "d.txt"}) narrate(name);
  {
    std::fstream audio(lectern.work() / "a.flac", std::ios::in | std::ios::out | std::ios::binary);
    audio.seekp(-1, std::ios::end);
    audio.put('x');
  }
  std::string text = read_file(lectern.work() / "b.json");
  text.replace(text.find("sentence"), 8, "SENTENCE");
  std::ofstream(lectern.work() / "b.json") << text;
  fs::remove(lectern.work() / "c.json");
  fs::last_write_time(lectern.work() / "d.flac", fs::file_time_type::clock::now());  // read, not changed
  const json report = clean({"--outputs", "--yes"});
  EXPECT_EQ(standing(), (Names{"a.txt", "b.txt", "c.txt", "d.txt", "a.flac", "a.json", "b.flac", "b.json", "c.flac"}));
  EXPECT_EQ(why_kept(report, "a.flac"), "was changed since it was published");
  EXPECT_EQ(why_kept(report, "b.json"), "was changed since it was published");
  EXPECT_THAT(why_kept(report, "b.flac"), HasSubstr("sidecar does not prove"));
  EXPECT_THAT(why_kept(report, "c.flac"), HasSubstr("sidecar is gone"));
}

TEST_F(Cleanup, FilesOfOthersUnderAnOutputsNameStay) {
  for (const char* name : {"a.txt", "b.txt", "c.txt"}) narrate(name);
  for (const char* name : {"a.flac", "a.json"}) std::ofstream(lectern.work() / name) << "{\"precious\": 1}";
  fs::rename(lectern.work() / "b.flac", lectern.folder() / "elsewhere.flac");
  fs::create_symlink(lectern.folder() / "elsewhere.flac", lectern.work() / "b.flac");
  fs::remove(lectern.work() / "c.flac");
  fs::create_directory(lectern.work() / "c.flac");
  clean({"--outputs", "--yes"});
  EXPECT_EQ(standing(), (Names{"a.txt", "b.txt", "c.txt", "a.flac", "a.json", "b.flac", "b.json", "c.flac", "c.json"}));
  EXPECT_TRUE(fs::exists(lectern.folder() / "elsewhere.flac"));
}

TEST_F(Cleanup, WhatALaterJobWroteOverGoesOnce) {
  narrate("a.txt");
  narrate("a.txt", {"--overwrite", "--voice", "low"});
  const std::uint64_t bytes = size("a.flac") + size("a.json");
  const json report = clean({"--outputs", "--yes"});
  EXPECT_EQ(report["freed_bytes"], bytes);
  EXPECT_EQ(report["kept"].size(), 0u) << report.dump();
  EXPECT_EQ(standing(), Names{"a.txt"});
}

TEST_F(Cleanup, OutputsOfAForgottenJobStay) {
  narrate("a.txt");
  ASSERT_EQ(lectern.run({"prune", "--jobs", "0"}).exit, 0);
  EXPECT_EQ(lectern.run({"cleanup", "--outputs", "--yes"}).out, "there is nothing to remove\n");
  EXPECT_EQ(standing(), (Names{"a.txt", "a.flac", "a.json"}));
}

TEST_F(Cleanup, TakesOfUnfinishedJobsStayAndAreNotSpokenAgain) {
  narrate("done.txt");
  lectern.run({"stop"});
  setenv("LECTERN_SINE_SPEED", "8", 1);
  ASSERT_EQ(lectern.run({"submit", lectern.script("open.txt", sentences(8, "open"))}).exit, 0);
  const auto open = [&] { return lectern.status()["jobs"].back(); };
  ASSERT_TRUE(Installation::until([&] { return open()["segments_done"] >= 2; }));
  ASSERT_EQ(lectern.run({"pause", "--all"}).exit, 0);
  // What had been handed out is spoken, and its takes are on the disk and counted.
  ASSERT_TRUE(Installation::until([&] {
    return lectern.status()["workers"][0]["leases"] == 0 && takes() == open()["segments_done"].get<std::size_t>() + 2;
  }));
  const std::size_t spoken = open()["segments_done"];
  ASSERT_LT(spoken, 8u) << "it was to be unfinished";
  EXPECT_EQ(takes(), spoken + 2);
  const json report = clean({"--cache", "--yes"});
  EXPECT_EQ(report["takes"]["count"], 2);
  EXPECT_EQ(report["freed_bytes"], report["takes"]["bytes"]);
  EXPECT_TRUE(Installation::until([&] { return takes() == spoken; }));
  EXPECT_EQ(standing(), (Names{"done.txt", "done.flac", "done.json", "open.txt"}));
  ASSERT_EQ(lectern.run({"resume", "--all"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait"}).exit, 0);
  EXPECT_EQ(takes(), 8u) << "those from before, and the rest";
  EXPECT_EQ(lectern.broken(), "");
}

TEST_F(Cleanup, ModelsGoButNotTheOneThatAnUnfinishedJobNeeds) {
  const fs::path folder = install_model();
  ASSERT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(1, "a")), "--model", "kokoro-82m"}).exit, 0);
  ASSERT_EQ(lectern.run({"pause", "--all"}).exit, 0);
  ASSERT_EQ(lectern.status()["jobs"][0]["state"], "held");
  EXPECT_THAT(why_kept(clean({"--models", "--yes"}), "kokoro-82m"), HasSubstr("1 unfinished job"));
  EXPECT_TRUE(fs::exists(folder / "installed.json"));
  ASSERT_EQ(lectern.run({"cancel", "--all"}).exit, 0);
  const json report = clean({"--models", "--yes"});
  EXPECT_EQ(report["models"][0]["name"], "kokoro-82m");
  EXPECT_GT(report["freed_bytes"], 5);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(Cleanup, AModelsFolderWithSomebodysFileAndUnknownFoldersStay) {
  const fs::path folder = install_model();
  std::ofstream(folder / "notes.txt") << "precious";
  fs::create_directories(lectern.paths().models() / "my-own");
  EXPECT_THAT(why_kept(clean({"--models", "--yes"}), "kokoro-82m"), HasSubstr("notes.txt"));
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  EXPECT_TRUE(fs::exists(lectern.paths().models() / "my-own"));
}

TEST(PublishedFiles, AFileThatChangesAfterItWasLookedAtStays) {
  const TemporaryFolder folder;
  const std::string audio = folder.file("a.flac", "samples");
  const json facts = {{"audio", "a.flac"}, {"bytes", 7}, {"job_id", "job-0001"}, {"sha256", sha256("samples")}};
  const std::string sidecar = folder.file("a.json", sealed(facts.dump(1)));
  const auto found = cli::find_published({{1, "job-0001", audio, sidecar}});
  ASSERT_EQ(found.unchanged.size(), 1u);
  folder.file("a.flac", "SAMPLES");
  std::vector<cli::KeptFile> kept;
  EXPECT_EQ(cli::remove_published(found.unchanged[0], kept), 0u);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].reason, "was changed just now");
  EXPECT_TRUE(fs::exists(audio));
  EXPECT_TRUE(fs::exists(sidecar));
}

}  // namespace
}  // namespace lectern
