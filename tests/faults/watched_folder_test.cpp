// Watched folders with real files and programs: what users drop, how programs write, and what goes wrong.
#include "tests/faults/watched_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace lectern {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

TEST(Drop, IsNarratedAndLiesInDoneBesideItsAudio) {
  WatchedFolder folder("    voice: low\n    format: mp3\n");
  folder.write("before.txt", sentences(2, "the start"));
  folder.start();
  EXPECT_TRUE(folder.comes("done/before.txt")) << "what lay there before the start";
  folder.write("a story.md", "# One\n\n" + sentences(2, "one"));
  EXPECT_TRUE(folder.comes("done/a story.md"));
  EXPECT_TRUE(folder.exists("done/a story.mp3"));
  EXPECT_EQ(folder.sidecar("done/a story.json")["facts"]["voice"], "low");
  EXPECT_FALSE(folder.exists("a story.md"));
  EXPECT_FALSE(folder.exists(".lectern")) << "nothing is left of the claims";
}

TEST(Drop, FrontMatterStandsOverTheFolderAndTheFileBesideItOverBoth) {
  WatchedFolder folder("    voice: low\n    speed: 0.5\n    priority: 5\n");
  folder.write("a.yaml", "speed: 2.0\npriority: 0\n");
  folder.write("a.txt", "---\ntitle: The Bee\nvoice: high\nspeed: 1.5\n---\nBees are here.\n");
  folder.start();
  ASSERT_TRUE(folder.comes("done/a.txt"));
  const auto sidecar = folder.sidecar("done/a.json");
  EXPECT_EQ(sidecar["facts"]["title"], "The Bee");
  EXPECT_EQ(sidecar["facts"]["voice"], "high");
  EXPECT_EQ(sidecar["facts"]["speed"], 2.0);
  EXPECT_EQ(folder.jobs()[0]["priority"], 0);
  EXPECT_EQ(sidecar["segments"][0]["text"], "Bees are here.");
  EXPECT_EQ(sidecar["unspoken"][0]["reason"], "front matter");
  EXPECT_EQ(sidecar["unspoken"][0]["begin"], 0);
  EXPECT_EQ(sidecar["unspoken"][0]["end"], sidecar["segments"][0]["begin"]);
  EXPECT_EQ(folder.content("done/a.yaml"), "speed: 2.0\npriority: 0\n") << "it goes where its script goes";
}

// A window of an hour that is shut now, and for hours to come.
std::string window_of_later() {
  const long hour = std::chrono::system_clock::now().time_since_epoch() / std::chrono::hours(1) + 6;
  const auto clock = [](long hours) { return std::to_string(hours % 24) + ":00"; };
  return "windows:\n  - {name: later, from: \"" + clock(hour) + "\", to: \"" + clock(hour + 1) + "\", zone: UTC}\n";
}

TEST(Drop, RunsOnlyInsideTheWindowOfItsFolderUnlessItSaysOtherwise) {
  WatchedFolder folder("    window: later\n", window_of_later());
  folder.start();
  folder.write("a.txt", sentences(1, "one"));
  ASSERT_TRUE(Installation::until([&] { return folder.jobs().size() == 1; }));
  folder.write("now.md", "---\nwindow: always\n---\nThis one cannot wait.\n");
  ASSERT_TRUE(folder.comes("done/now.md"));
  EXPECT_NE(folder.jobs().dump().find("waiting for window later"), std::string::npos);
  EXPECT_FALSE(folder.exists("done/a.txt"));
  EXPECT_EQ(folder.lectern.run({"run-now", "1"}).exit, 0);
  EXPECT_TRUE(folder.comes("done/a.txt"));
}

TEST(Drop, AProfileIsASubfolderWithItsOwnSettings) {
  WatchedFolder folder("    voice: low\n    profiles:\n      draft: {speed: 1.5}\n");
  fs::create_directories(folder.path("draft"));
  fs::create_directories(folder.path("other"));
  folder.write("draft/a.txt", sentences(1, "one"));
  folder.write("other/b.txt", sentences(1, "two"));
  folder.start();
  ASSERT_TRUE(folder.comes("draft/done/a.txt"));
  const auto facts = folder.sidecar("draft/done/a.json")["facts"];
  EXPECT_EQ(facts["speed"], 1.5);
  EXPECT_EQ(facts["voice"], "low");
  EXPECT_TRUE(folder.exists("other/b.txt")) << "other subfolders are left alone";
}

TEST(Drop, AWrongKeyIsExplainedBesideTheFileAndTheMendedFileIsNarrated) {
  WatchedFolder folder;
  folder.start();
  folder.write("bad.md", "---\ntitle: x\nvoise: low\n---\nText.\n");
  folder.write("worse.yaml", "speed: fast\n");
  folder.write("worse.txt", "Text as well.\n");
  ASSERT_TRUE(folder.comes("failed/bad.md"));
  const std::string note = folder.content("failed/bad.error.txt");
  for (const std::string& word : {folder.path("bad.md").string() + ":3", std::string("'voise'"), std::string("'voice'"),
                                  std::string("move bad.md back into " + folder.in.string())})
    EXPECT_NE(note.find(word), std::string::npos) << word << " in:\n" << note;
  ASSERT_TRUE(folder.comes("failed/worse.txt"));
  EXPECT_NE(folder.content("failed/worse.error.txt").find("worse.yaml:1"), std::string::npos);
  EXPECT_NE(folder.content("failed/worse.error.txt").find("move worse.txt and worse.yaml back"), std::string::npos);
  EXPECT_TRUE(folder.exists("failed/worse.yaml"));
  EXPECT_TRUE(folder.jobs().empty());
  fs::remove(folder.path("failed/bad.md"));
  folder.move_in("bad.md", "---\ntitle: x\nvoice: low\n---\nText.\n");
  EXPECT_TRUE(folder.comes("done/bad.md"));
  EXPECT_FALSE(folder.exists("failed/bad.error.txt")) << "the note goes with its reason";
}

TEST(Drop, WhatCannotBeSpokenFailsWithItsTextAndIsTriedAgainWhenMovedBack) {
  WatchedFolder folder;
  folder.start();
  const std::string text = "This one is fine. And fault-fail is not.\n\nThis one is fine again.\n";
  folder.write("a.txt", text);
  ASSERT_TRUE(folder.comes("failed/a.txt"));
  EXPECT_NE(folder.content("failed/a.error.txt").find("fault-fail is not"), std::string::npos);
  EXPECT_NE(folder.content("failed/a.error.txt").find("lectern log 1"), std::string::npos);
  fs::rename(folder.path("failed/a.txt"), folder.path("a.txt"));
  EXPECT_TRUE(Installation::until([&] { return folder.times_logged("job 1 dropped again") == 1; }));
  EXPECT_TRUE(folder.comes("failed/a.txt"));
  EXPECT_EQ(folder.jobs().size(), 1u) << "the same content is the same job";
}

TEST(Drop, ACancelledOneGoesToFailed) {
  WatchedFolder folder;
  folder.start();
  folder.write("a.txt", "Here it hangs: fault-hang.\n");
  ASSERT_TRUE(Installation::until([&] { return folder.jobs().size() == 1; }));
  EXPECT_EQ(folder.lectern.run({"cancel", "1"}).exit, 0);
  EXPECT_TRUE(folder.comes("failed/a.txt"));
  EXPECT_NE(folder.content("failed/a.error.txt").find("cancelled"), std::string::npos);
}

TEST(Drop, TheSameContentPointsAtTheResultAndNewContentIsANewVersion) {
  WatchedFolder folder;
  folder.start();
  folder.move_in("a.txt", "The first version.\n");
  ASSERT_TRUE(folder.comes("done/a.txt"));
  const auto made = fs::last_write_time(folder.path("done/a.flac"));
  folder.move_in("a.txt", "The first version.\n");
  EXPECT_TRUE(Installation::until([&] { return !folder.exists("a.txt") && folder.view()["done"] == 2; }));
  EXPECT_EQ(folder.jobs().size(), 1u);
  EXPECT_EQ(fs::last_write_time(folder.path("done/a.flac")), made);
  folder.move_in("a.txt", "The second version.\n");
  ASSERT_TRUE(folder.comes("done/a (2).txt"));
  EXPECT_EQ(folder.content("done/a (2).txt"), "The second version.\n");
  EXPECT_TRUE(folder.exists("done/a (2).flac"));
  EXPECT_EQ(folder.content("done/a.txt"), "The first version.\n");
  fs::remove(folder.path("done/a.flac"));
  fs::remove(folder.path("done/a.json"));
  folder.move_in("a.txt", "The first version.\n");
  EXPECT_TRUE(folder.comes("done/a.flac")) << "audio that is gone is made again";
}

TEST(Drop, TheSameNameTwiceInASecondIsTwoScripts) {
  WatchedFolder folder;
  folder.start();
  folder.move_in("a.txt", "The one that came first.\n");
  EXPECT_TRUE(Installation::until([&] { return !folder.exists("a.txt"); }));
  folder.move_in("a.txt", "The one that came at once after it.\n");
  ASSERT_TRUE(folder.comes("done/a.txt") && folder.comes("done/a (2).txt"));
  EXPECT_EQ(folder.content("done/a.txt"), "The one that came first.\n");
  EXPECT_EQ(folder.content("done/a (2).txt"), "The one that came at once after it.\n");
  EXPECT_EQ(folder.lectern.audio().size(), 2u);
}

TEST(Writers, OneThatIsSlowIsWaitedForToItsEnd) {
  WatchedFolder folder;
  folder.start();
  const int file = open(folder.path("slow.txt").c_str(), O_WRONLY | O_CREAT, 0644);
  std::string all;
  for (int i = 0; i < 5; ++i) {  // silent for longer than the file must stand still, but it has the file open
    const std::string part = "This is part " + std::to_string(i) + " of it.\n";
    ASSERT_EQ(write(file, part.data(), part.size()), static_cast<ssize_t>(part.size()));
    all += part;
    std::this_thread::sleep_for(milliseconds(350));
    EXPECT_TRUE(folder.exists("slow.txt"));
  }
  close(file);
  ASSERT_TRUE(folder.comes("done/slow.txt"));
  EXPECT_EQ(folder.content("done/slow.txt"), all);
  EXPECT_EQ(folder.jobs().size(), 1u);
}

TEST(Writers, OneThatClosesAndReopensWithinTheSpanIsWaitedFor) {
  WatchedFolder folder("", "", LECTERN_PROGRAM, 0.6);
  folder.start();
  std::string all;
  for (int i = 0; i < 6; ++i) {
    const std::string part = "This is part " + std::to_string(i) + " of it.\n";
    std::ofstream(folder.path("again.txt"), std::ios::app) << part;
    all += part;
    std::this_thread::sleep_for(milliseconds(250));
  }
  ASSERT_TRUE(folder.comes("done/again.txt"));
  EXPECT_EQ(folder.content("done/again.txt"), all);
  EXPECT_EQ(folder.jobs().size(), 1u);
}

TEST(Writers, OneThatRenamesIntoTheFolderIsTakenAtOnce) {
  WatchedFolder folder("", "", LECTERN_PROGRAM, 3600);
  folder.start();
  EXPECT_TRUE(Installation::until([&] { return folder.view()["state"] == "watching"; }));
  folder.move_in("a.txt", sentences(1, "one"));
  EXPECT_TRUE(folder.comes("done/a.txt"));
  folder.write("b.txt.part", sentences(1, "two"));
  fs::rename(folder.path("b.txt.part"), folder.path("b.txt"));
  EXPECT_TRUE(folder.comes("done/b.txt")) << "from its temporary name";
  folder.write("c.txt", sentences(1, "three"));
  EXPECT_TRUE(Installation::until([&] { return folder.view()["waiting"] == 1; })) << "written in place: waits";
}

TEST(Names, ThatAreTemporaryIgnoredOrNoTextAreLeftAlone) {
  WatchedFolder folder("    ignore: ['*.draft.txt']\n    output: " + std::string("OUTPUT") + "\n");
  {  // the audio goes into the watched folder itself
    std::string config = WatchedFolder::text_of(folder.lectern.paths().config_file());
    config.replace(config.find("OUTPUT"), 6, folder.in.string());
    std::ofstream(folder.lectern.paths().config_file()) << config;
  }
  const char* names[] = {".hidden.txt",          "~lock.txt",     "a.txt~",       "b.tmp",
                         "c.txt.part",           "d.txt.partial", "e.crdownload", "f.txt.filepart",
                         ".syncthing.g.txt.tmp", "h.draft.txt",   "i.pdf",        "j",
                         "k.error.txt",          "l.yaml"};
  for (const char* name : names) folder.write(name, sentences(1, name));
  folder.write("real.TXT", sentences(1, "the real one"));
  folder.start();
  ASSERT_TRUE(folder.comes("done/real.TXT"));
  EXPECT_TRUE(folder.exists("real.flac") && folder.exists("real.json"));
  EXPECT_EQ(folder.lectern.run({"folder", "scan", "--once"}).exit, 0) << "its own output is no script";
  for (const char* name : names) EXPECT_TRUE(folder.exists(name)) << name;
  EXPECT_EQ(folder.jobs().size(), 1u);
}

TEST(Names, ALinkIsNotFollowedAndSaidSo) {
  WatchedFolder folder;
  const auto secret = folder.lectern.script("secret.txt", "What lies elsewhere.\n");
  fs::create_symlink(secret, folder.path("link.txt"));
  folder.start();
  EXPECT_TRUE(Installation::until([&] {
    const auto view = folder.view();
    return view.contains("problems") && view["problems"].dump().find("link.txt: it is a link") != std::string::npos;
  })) << folder.view().dump(1);
  fs::create_symlink(secret, folder.path("later.txt"));
  EXPECT_TRUE(Installation::until([&] { return folder.view()["problems"].size() == 2; }));
  EXPECT_EQ(WatchedFolder::text_of(secret), "What lies elsewhere.\n");
  EXPECT_TRUE(folder.jobs().empty());
}

TEST(Names, AClaimsFolderThatIsALinkIsNotUsed) {
  WatchedFolder folder;
  fs::create_directories(folder.lectern.work() / "elsewhere");
  fs::create_symlink(folder.lectern.work() / "elsewhere", folder.path(".lectern"));
  folder.write("a.txt", "Some words.\n");
  folder.start();
  EXPECT_TRUE(Installation::until(
      [&] { return folder.view()["notice"].get<std::string>().find(".lectern") != std::string::npos; }));
  EXPECT_TRUE(folder.exists("a.txt"));
  EXPECT_TRUE(fs::is_empty(folder.lectern.work() / "elsewhere"));
}

TEST(FolderCommand, AddsListsAndRemoves) {
  Installation lectern(0);
  const auto in = lectern.work() / "box";
  fs::create_directories(in);
  auto ended = lectern.run({"folder", "add", "nowhere"});
  EXPECT_EQ(ended.exit, 4);
  EXPECT_NE(ended.err.find("nowhere"), std::string::npos);
  ended = lectern.run({"folder", "add", "box", "--voice", "nobody"});
  EXPECT_EQ(ended.exit, 4) << ended.err;
  ended = lectern.run({"folder", "add", "box", "--profile", "draft:sped=2"});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_NE(ended.err.find("speed"), std::string::npos) << ended.err;
  EXPECT_NE(lectern.run({"folder", "list"}).out.find("no folder is watched"), std::string::npos);
  ended = lectern.run({"folder", "add", "box", "--voice", "low", "--stable", "0.2", "--profile", "draft:speed=1.5"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_NE(ended.out.find("voice low"), std::string::npos);
  EXPECT_EQ(lectern.run({"stop"}).exit, 0);
  std::ofstream(in / "a.txt") << sentences(1, "one");
  std::ofstream(in / "draft" / "b.txt") << sentences(1, "two");
  ended = lectern.run({"folder", "scan", "box", "--once"});  // what was added is kept
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out, "2 done, 0 failed\n");
  EXPECT_TRUE(fs::exists(in / "done/a.flac") && fs::exists(in / "draft/done/b.flac"));
  EXPECT_TRUE(Installation::until([&] { return lectern.broker() == 0; })) << "the broker that it started is ended";
  EXPECT_EQ(lectern.run({"folder", "remove", "box"}).exit, 0);
  EXPECT_EQ(lectern.run({"folder", "remove", "box"}).exit, 4);
  std::ofstream(in / "c.txt") << sentences(1, "three");
  EXPECT_EQ(lectern.run({"folder", "scan", "--once"}).out, "0 done, 0 failed\n");
  EXPECT_TRUE(fs::exists(in / "c.txt"));
}

TEST(FolderCommand, OnceSaysByItsExitCodeThatSomethingFailed) {
  WatchedFolder folder;
  folder.write("a.txt", sentences(1, "one"));
  folder.write("b.txt", "It fails: fault-fail.\n");
  folder.write("c.txt", "---\nvoise: x\n---\nText.\n");
  const Ended ended = folder.lectern.run({"folder", "scan", "--once"});
  EXPECT_EQ(ended.exit, 1) << ended.err;
  EXPECT_EQ(ended.out, "1 done, 2 failed\n");
  EXPECT_TRUE(folder.exists("failed/b.txt") && folder.exists("failed/c.txt"));
}

TEST(FrontMatter, HoldsForAPlainSubmitAndTheCommandLineStandsOverIt) {
  Installation lectern(0);
  const std::string front = "---\ntitle: The Bee\nvoice: high\nformat: mp3\n---\n";
  EXPECT_EQ(lectern.run({"submit", lectern.script("a.txt", front + "Bees.\n"), "--voice", "low", "--wait"}).exit, 0);
  const auto sidecar = nlohmann::json::parse(WatchedFolder::text_of(lectern.work() / "a.json"));
  EXPECT_EQ(sidecar["audio"], "a.mp3");
  EXPECT_EQ(sidecar["facts"]["title"], "The Bee");
  EXPECT_EQ(sidecar["facts"]["voice"], "low");
  EXPECT_EQ(sidecar["segments"][0]["begin"], front.size());
  const Ended bad = lectern.run({"submit", lectern.script("b.txt", "---\nvoise: high\n---\nBees.\n")});
  EXPECT_EQ(bad.exit, 5);
  EXPECT_NE(bad.err.find("b.txt:2: unknown key 'voise'"), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("did you mean 'voice'?"), std::string::npos) << bad.err;
}

TEST(Many, FilesAtOnceAreAllTaken) {
  WatchedFolder folder;
  folder.start();
  for (int i = 0; i < 100; ++i)
    folder.write("story " + std::to_string(i) + ".txt", "This is story " + std::to_string(i) + ".\n");
  EXPECT_TRUE(Installation::until(
      [&] {
        for (int i = 0; i < 100; ++i)
          if (!folder.exists("done/story " + std::to_string(i) + ".txt")) return false;
        return true;
      },
      60))
      << folder.view().dump(1);
  EXPECT_EQ(folder.lectern.audio().size(), 100u);
}

// More events than the kernel keeps come while the broker stands still.
TEST(Many, FiveThousandAtOnceAreAllJobsThoughEventsWereLost) {
  constexpr int kFiles = 5000;
  WatchedFolder folder;
  folder.start();
  ASSERT_TRUE(Installation::until([&] { return folder.view()["state"] == "watching"; }));
  const pid_t broker = folder.lectern.broker();
  kill(broker, SIGSTOP);
  const auto name = [](int i) { return "story " + std::to_string(i) + ".txt"; };
  for (int i = 0; i < kFiles; ++i) folder.write(name(i), "This is story " + std::to_string(i) + ".\n");
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < kFiles; ++i)
      fs::permissions(folder.path(name(i)), fs::perms::others_read,
                      round == 0 ? fs::perm_options::remove : fs::perm_options::add);
  kill(broker, SIGCONT);
  EXPECT_TRUE(Installation::until(
      [&] {
        const auto view = folder.view();
        return view.value("waiting", 1) == 0 && view.value("unfinished", 0) + view.value("done", 0) == kFiles;
      },
      90))
      << folder.view().dump(1);
  EXPECT_GE(folder.times_logged("folder events were lost"), 1);
  EXPECT_EQ(folder.times_logged(" submitted: "), kFiles) << "each is one job";
}

}  // namespace
}  // namespace lectern
