// The whole path with the real programs: what users do every day, and what they do wrong.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/faults/installation.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

TEST(WholePath, FortyFilesOfMixedNamesBecomeFortyAudioFiles) {
  Installation lectern;
  std::vector<std::string> words{"submit"};
  const char* names[] = {"plain", "with space", "Übergrößenträger", "日本語", "quote's", "dots.in.name", "-dash", "emoji 🎧"};
  for (const char* folder : {"one", "two/deep"})
    for (int i = 0; i < 20; ++i) {
      const std::string name = std::string(folder) + "/" + names[i % 8] + (i < 8 ? "" : " " + std::to_string(i)) +
                               (i % 5 == 4 ? ".md" : ".txt");
      words.push_back(lectern.script(name, sentences(1 + i % 4, name)));
    }
  words.insert(words.end(), {"--output", (lectern.work() / "out").string(), "--wait"});
  const Ended ended = lectern.run(words);
  EXPECT_EQ(ended.exit, 0) << ended.err;
  const auto audio = lectern.audio();
  EXPECT_EQ(audio.size(), 40u) << "the same base name in two folders becomes two files";
  for (const auto& [name, frames] : audio) {
    EXPECT_GT(frames, 24000) << name;
    const auto sidecar = nlohmann::json::parse(content((lectern.work() / name).replace_extension(".json")));
    EXPECT_EQ(sidecar["audio"], fs::path(name).filename().string());
    EXPECT_NEAR(sidecar["seconds"].get<double>() * 24000, static_cast<double>(frames), 1) << name;
  }
  EXPECT_TRUE(audio.count("out/plain.flac"));
  EXPECT_TRUE(audio.count("out/plain (2).flac"));
  EXPECT_TRUE(lectern.leftovers().empty());
}

TEST(WholePath, NothingIsOverwrittenUnlessAsked) {
  Installation lectern;
  const auto script = lectern.script("a.txt", sentences(2, "one"));
  std::ofstream(lectern.work() / "a.flac") << "precious";
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  EXPECT_EQ(content(lectern.work() / "a.flac"), "precious");
  EXPECT_TRUE(fs::exists(lectern.work() / "a (2).flac"));
  EXPECT_EQ(lectern.run({"submit", script, "--wait", "--overwrite"}).exit, 0);
  EXPECT_NE(content(lectern.work() / "a.flac"), "precious");
}

TEST(WholePath, ADryRunTellsAndTouchesNothing) {
  Installation lectern;
  const auto script = lectern.script("a.txt", sentences(6, "one"));
  const Ended ended = lectern.run({"submit", script, "--dry-run"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("a.flac"), std::string::npos) << ended.out;
  EXPECT_FALSE(fs::exists(lectern.work() / "a.flac"));
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(WholePath, TheSameTextIsNotSpokenTwice) {
  Installation lectern;
  const auto script = lectern.script("a.txt", sentences(6, "one"));
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 0);
  const auto spoken = lectern.status()["workers"][0]["segments_done"];
  const auto edited = lectern.script("b.txt", sentences(6, "one") + "One sentence that was not there before.");
  EXPECT_EQ(lectern.run({"submit", edited, "--wait"}).exit, 0);
  EXPECT_EQ(lectern.status()["workers"][0]["segments_done"].get<int>(), spoken.get<int>() + 1);
}

TEST(WholePath, EncodingsAndMarkdownAreRead) {
  Installation lectern;
  std::string utf16 = "\xff\xfe";
  for (char c : std::string("A sentence in wide letters, and another one.")) utf16 += {c, '\0'};
  const auto wide = lectern.script("wide.txt", utf16);
  const auto latin = lectern.script("latin.txt", "Un caf\xe9 cr\xe8me, and \x93quoted\x94 words are here.");
  const auto bom = lectern.script("bom.txt", "\xef\xbb\xbfWindows lines\r\nare joined here.\r\n\r\nAnd a new one.\r\n");
  const auto markdown = lectern.script("page.md", "# A *title*\n\nSome `code` and a [link](http://x.y/z).\n");
  EXPECT_EQ(lectern.run({"submit", wide, latin, bom, markdown, "--wait"}).exit, 0);
  auto spoken = [&](const char* name) {
    std::string all;
    const auto sidecar = nlohmann::json::parse(content(lectern.work() / name));
    for (const auto& segment : sidecar["segments"])
      all += segment["text"].get<std::string>() + "|";
    return all;
  };
  EXPECT_EQ(spoken("wide.json"), "A sentence in wide letters, and another one.|");
  EXPECT_NE(spoken("latin.json").find("Un café crème"), std::string::npos);
  EXPECT_NE(spoken("bom.json").find("Windows lines are joined here.|"), std::string::npos);
  EXPECT_EQ(spoken("page.json").find_first_of("#*`[]"), std::string::npos) << spoken("page.json");
}

TEST(WholePath, AScriptSpeaksWithSeveralVoices) {
  Installation lectern;
  const auto submit = [&](const fs::path& script, std::vector<std::string> words = {}) {
    words.insert(words.begin(), {"submit", script.string(), "--wait"});
    return lectern.run(words);
  };
  const auto refused = [&](const fs::path& script, int exit, const std::string& what,
                           std::vector<std::string> words = {}) {
    const Ended ended = submit(script, std::move(words));
    EXPECT_EQ(ended.exit, exit) << ended.out;
    EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
  };
  const std::string lines = "The narrator begins here.\n\nAnna: I come in now.\nBen: So do I, said he.\n";
  const std::string cast = lectern.script("cast.yaml", "Anna: high\nBen: low\n");
  refused(lectern.script("missing.txt", "---\ncast:\n  Anna: high\n---\n" + lines), 5, "the speakers Ben");
  refused(lectern.script("nowhere.txt", "[voice: nobody] Here I am."), 4, "no voice 'nobody'");
  refused(lectern.script("plain.txt", lines), 4, "no voice 'soprano'",
          {"--cast", lectern.script("wrong.yaml", "Anna: soprano\nBen: low\n")});
  refused(lectern.script("plain.txt", lines), 5, "bad.yaml", {"--cast", lectern.script("bad.yaml", "Anna\n")});
  EXPECT_TRUE(lectern.status()["jobs"].empty());

  ASSERT_EQ(submit(lectern.script("play.txt", lines), {"--cast", cast}).exit, 0);
  const auto sidecar = nlohmann::json::parse(content(lectern.work() / "play.json"));
  EXPECT_EQ(sidecar["facts"]["voice"], "middle");
  std::vector<std::string> voices;
  std::set<std::string> takes;
  for (const auto& segment : sidecar["segments"]) {
    voices.push_back(segment.value("voice", "-"));
    takes.insert(segment["take"]);
  }
  EXPECT_EQ(voices, (std::vector<std::string>{"-", "high", "low"}));

  // The same words in another voice are another take; in the same voice the take is there.
  const auto spoken = [&] { return lectern.status()["workers"][0]["segments_done"].get<int>(); };
  const int before = spoken();
  ASSERT_EQ(submit(lectern.script("alone.txt", "I come in now.\n"), {"--voice", "high"}).exit, 0);
  EXPECT_EQ(spoken(), before);
  ASSERT_EQ(submit(lectern.script("other.txt", "[voice: low] I come in now.\n")).exit, 0);
  EXPECT_EQ(spoken(), before + 1);
}

TEST(WholePath, ASegmentThatCannotBeSpokenFailsAloneWithItsText) {
  Installation lectern;
  const auto bad = lectern.script("bad.txt", sentences(3, "one") + "\n\nHere it says the word fault-fail in the middle of it.\n");
  const auto good = lectern.script("good.txt", sentences(3, "two"));
  const Ended ended = lectern.run({"submit", bad, good, "--wait"});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_TRUE(fs::exists(lectern.work() / "good.flac"));
  EXPECT_FALSE(fs::exists(lectern.work() / "bad.flac"));
  const auto jobs = lectern.status()["jobs"];
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]["state"], "failed");
  ASSERT_EQ(jobs[0]["failures"].size(), 1u);
  EXPECT_NE(jobs[0]["failures"][0]["text"].get<std::string>().find("fault-fail"), std::string::npos);
  EXPECT_EQ(jobs[1]["state"], "done");
}

TEST(WholePath, ASegmentThatKillsTheEngineFailsAloneAndItsNeighboursAreSpoken) {
  Installation lectern(0, "max_attempts: 2\n");
  const auto script = lectern.script("a.txt", sentences(3, "one") + "\n\nHere it says fault-crash in the middle of it.\n\n" +
                                                  sentences(3, "two"));
  const Ended ended = lectern.run({"submit", script, "--wait"});
  EXPECT_EQ(ended.exit, 1);
  const auto job = lectern.status()["jobs"][0];
  ASSERT_EQ(job["failures"].size(), 1u) << job.dump(1);
  EXPECT_NE(job["failures"][0]["text"].get<std::string>().find("fault-crash"), std::string::npos);
  EXPECT_EQ(job["segments_done"].get<int>(), job["segments"].get<int>() - 1);
  std::ifstream log(lectern.paths().log_file("broker"));
  int deaths = 0;
  for (std::string line; std::getline(log, line);) deaths += line.find("the engine of sine died") != std::string::npos;
  EXPECT_LE(deaths, 2) << "it took the worker's engine down more often than it has tries";
}

TEST(WholePath, SilenceAndNonsenseFromAnEngineAreNotTakenForSpeech) {
  Installation lectern(0, "max_attempts: 2\n");
  const auto script = lectern.script("a.txt", "This one is said to be fault-silent all the way through.\n\n"
                                              "This one brings a fault-nan with it where sound should be.\n");
  EXPECT_EQ(lectern.run({"submit", script, "--wait"}).exit, 1);
  EXPECT_EQ(lectern.status()["jobs"][0]["failures"].size(), 2u);
}

TEST(WholePath, CancelledWorkStopsAndLeavesNothing) {
  Installation lectern(2);
  const auto script = lectern.script("a.txt", sentences(40, "one"));
  EXPECT_EQ(lectern.run({"submit", script}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["jobs"][0]["segments_done"].get<int>() > 0; }));
  EXPECT_EQ(lectern.run({"cancel", "1"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.status()["workers"][0]["state"] != "busy"; }, 2));
  EXPECT_EQ(lectern.status()["jobs"][0]["state"], "cancelled");
  EXPECT_TRUE(lectern.audio().empty());
  EXPECT_TRUE(lectern.leftovers().empty());
}

TEST(WholePath, WhenTheQueueDrainsTheEngineGoes) {
  Installation lectern(0, "keep_alive: 0.3\n");
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one")), "--wait"}).exit, 0);
  EXPECT_TRUE(Installation::until([&] { return lectern.engine() == 0; }, 8));
  EXPECT_EQ(lectern.status()["workers"][0]["state"], "cold");
  EXPECT_EQ(lectern.run({"submit", lectern.script("b.txt", sentences(3, "two")), "--wait"}).exit, 0)
      << "and comes back for new work";
}

TEST(WholePath, WorkPausesBelowTheDiskReserveAndGoesOnByItself) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  Installation lectern(0, "disk_reserve_bytes: 40000000\n");
  const auto data = lectern.paths().database().parent_path();
  fs::create_directories(data);
  if (mount("tmpfs", data.c_str(), "tmpfs", 0, "size=30m") != 0) GTEST_SKIP() << "cannot mount a tmpfs here";
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(3, "one"))}).exit, 0);
  EXPECT_TRUE(Installation::until([&] {
    return lectern.status()["notice"].get<std::string>().find("work pauses: only") != std::string::npos;
  })) << lectern.status().dump(1);
  EXPECT_EQ(lectern.status()["jobs"][0]["segments_done"], 0);
  EXPECT_EQ(mount("tmpfs", data.c_str(), "tmpfs", MS_REMOUNT, "size=100m"), 0);
  EXPECT_EQ(lectern.run({"wait", "1", "--timeout", "30"}).exit, 0);
  lectern.kill_all();
  umount2(data.c_str(), MNT_DETACH);
}

TEST(WholePath, AJobsHistoryABackupAndPruningWorkWhileTheBrokerRuns) {
  Installation lectern;
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", sentences(5, "one")), "--wait"}).exit, 0);
  const Ended log = lectern.run({"log", "1"});
  EXPECT_EQ(log.exit, 0) << log.err;
  for (const char* word : {"submitted", "cut into", "running", "publishing", "done"})
    EXPECT_NE(log.out.find(word), std::string::npos) << log.out;
  EXPECT_EQ(lectern.run({"backup", "copy.sqlite"}).exit, 0);
  EXPECT_GT(fs::file_size(lectern.work() / "copy.sqlite"), 4096u);
  const Ended again = lectern.run({"backup", "copy.sqlite"});
  EXPECT_EQ(again.exit, 5);
  EXPECT_NE(again.err.find("copy.sqlite"), std::string::npos) << again.err;
  const auto takes = [&] {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(lectern.paths().takes())) count += entry.is_regular_file();
    return count;
  };
  EXPECT_GT(takes(), 0u);
  EXPECT_EQ(lectern.run({"prune"}).exit, 2) << "nothing is pruned without being named";
  EXPECT_EQ(lectern.run({"prune", "--jobs", "0", "--takes", "0"}).exit, 0);
  EXPECT_EQ(takes(), 0u);
  EXPECT_TRUE(lectern.status()["jobs"].empty());
  EXPECT_TRUE(fs::exists(lectern.work() / "a.flac")) << "audio stays";
}

TEST(WholePath, AFullOutputDiskIsWaitedFor) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  Installation lectern;
  const auto out = lectern.work() / "small";
  fs::create_directories(out);
  if (mount("tmpfs", out.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "cannot mount a tmpfs here";
  const auto script = lectern.script("a.txt", sentences(10, "one"));
  EXPECT_EQ(lectern.run({"submit", script, "--output", out.string()}).exit, 0);
  EXPECT_TRUE(Installation::until([&] {
    return lectern.status()["jobs"][0]["reason"].get<std::string>().find("No space left") != std::string::npos;
  })) << lectern.status().dump(1);
  EXPECT_EQ(lectern.status()["jobs"][0]["state"], "publishing");
  EXPECT_TRUE(fs::is_empty(out)) << "nothing half-written is left";
  EXPECT_EQ(mount("tmpfs", out.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  EXPECT_EQ(lectern.run({"wait", "1", "--timeout", "60"}).exit, 0) << "it goes on by itself";
  EXPECT_TRUE(fs::exists(out / "a.flac"));
  lectern.kill_all();
  umount2(out.c_str(), MNT_DETACH);
}

// One row: what is wrong, the words, the exit code, and what the error must name.
struct BadInput {
  const char* name;
  std::vector<std::string> words;
  int exit;
  const char* names;
};

class BadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, IsOneClearErrorAndChangesNothing) {
  static Installation lectern(0, "max_script_bytes: 100000\n");
  lectern.script("good.txt", "A good sentence is here.");
  lectern.script("empty.txt", "");
  lectern.script("white.txt", " \r\n\t\n ");
  lectern.script("marks.txt", "*** --- ***");
  lectern.script("binary.txt", std::string("\x7f""ELF\0\0\1\2\3", 9) + std::string(600, '\1'));
  lectern.script("big.txt", std::string(100001, 'a'));
  fs::create_directories(lectern.work() / "nothing here");
  fs::create_directories(lectern.work() / "inner");
  const BadInput& bad = GetParam();
  const Ended ended = lectern.run(bad.words);
  EXPECT_EQ(ended.exit, bad.exit) << ended.out << ended.err;
  EXPECT_NE(ended.err.find("error: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(bad.names), std::string::npos) << ended.err;
  EXPECT_TRUE(lectern.audio().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Submit, BadInputTest,
    testing::Values(BadInput{"NoSuchFile", {"submit", "missing.txt"}, 4, "missing.txt"},
                    BadInput{"Empty", {"submit", "empty.txt"}, 5, "empty.txt"},
                    BadInput{"OnlyWhiteSpace", {"submit", "white.txt"}, 5, "white.txt"},
                    BadInput{"Binary", {"submit", "binary.txt"}, 5, "binary.txt"},
                    BadInput{"FolderWithoutText", {"submit", "nothing here"}, 5, "nothing here"},
                    BadInput{"TooLarge", {"submit", "big.txt"}, 5, "max_script_bytes"},
                    BadInput{"UnknownVoice", {"submit", "good.txt", "--voice", "midle"}, 4, "middle"},
                    BadInput{"UnknownModel", {"submit", "good.txt", "--model", "sinus"}, 4, "sinus"},
                    BadInput{"UnknownFormat", {"submit", "good.txt", "--format", "aac"}, 2, "aac"},
                    BadInput{"SpeedOutOfRange", {"submit", "good.txt", "--speed", "9"}, 2, "speed"},
                    BadInput{"ModelNotPulled", {"submit", "good.txt", "--model", "kokoro-82m"}, 4,
                             "lectern model pull kokoro-82m"},
                    BadInput{"OutputFolderMissing", {"submit", "good.txt", "--output", "no/such/folder/x/"}, 4, "no/such"},
                    BadInput{"NoSuchJob", {"cancel", "4711"}, 4, "4711"}),
    [](const auto& row) { return row.param.name; });

TEST(WholePath, AScriptWithoutAnythingToSayFailsWithItsReason) {
  Installation lectern;
  const Ended ended = lectern.run({"submit", lectern.script("marks.txt", "*** --- ***\n"), "--wait"});
  EXPECT_NE(ended.exit, 0);
  EXPECT_NE((ended.out + ended.err).find("marks"), std::string::npos);
}

TEST(WholePath, ABrokerThatCannotStartSaysWhy) {
  Installation lectern;
  const auto script = lectern.script("a.txt", "A good sentence is here.");
  {
    std::ofstream(lectern.paths().runtime()) << "a file where the folder of the sockets should be";
    const Ended ended = lectern.run({"submit", script});
    EXPECT_EQ(ended.exit, 3) << ended.err;
    EXPECT_NE(ended.err.find(lectern.paths().runtime()), std::string::npos) << ended.err;
    fs::remove(lectern.paths().runtime());
  }
  std::ofstream(lectern.paths().config_file()) << "model: sine\nvoise: low\n";
  const Ended ended = lectern.run({"submit", script});
  EXPECT_EQ(ended.exit, 5) << ended.err;
  EXPECT_NE(ended.err.find("config.yaml:2"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("'voice'"), std::string::npos) << ended.err;
}

TEST(WholePath, ADamagedModelFileIsNamedWithItsHash) {
  const char* model = std::getenv("LECTERN_KOKORO_MODEL");
  if (!model) GTEST_SKIP() << "LECTERN_KOKORO_MODEL is not set";
  Installation lectern;
  const auto copy = lectern.paths().model("kokoro-82m");
  fs::create_directories(copy.parent_path());
  fs::copy(model, copy, fs::copy_options::recursive);
  std::fstream file(copy / "kokoro-quantized.onnx", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5'000'000);
  file.put('\x55');
  file.put('\xaa');
  file.close();
  const Ended ended =
      lectern.run({"submit", lectern.script("a.txt", "A good sentence is here."), "--model", "kokoro-82m", "--wait"});
  EXPECT_EQ(ended.exit, 1) << ended.out << ended.err;
  const std::string reason = lectern.status()["jobs"][0]["reason"];
  EXPECT_NE(reason.find("kokoro-quantized.onnx is damaged: its SHA-256 is"), std::string::npos) << reason;
  EXPECT_NE(reason.find("lectern model pull kokoro-82m"), std::string::npos) << reason;
}

}  // namespace
}  // namespace lectern
