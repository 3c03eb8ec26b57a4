// What a narrator delivers, from a script to files that players open: the real programs and the test model.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/broker/publish/players.h"
#include "tests/faults/installation.h"
#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& file) { return json::parse(WatchedFolder::text_of(file), nullptr, false); }

// Three chapters of a few paragraphs.
std::string book() {
  std::string text = "# A Small Book\n\n" + sentences(2, "the beginning") + "\n\n";
  for (const char* title : {"Chapter One", "Chapter Two: the Pool", "Chapter Three"})
    text += std::string("## ") + title + "\n\n" + sentences(5, title) + "\n\n" + sentences(4, "more of it") + "\n\n";
  return text;
}

// The beginnings of the first chapters of a real book, as it lies on the shelf.
std::string alice() {
  const std::string text = WatchedFolder::text_of(TEST_DATA "/text/alice_in_wonderland.txt");
  std::string part;
  for (const char* chapter : {"CHAPTER I.", "CHAPTER II.", "CHAPTER III."}) {
    const std::string begin = text.substr(text.find(chapter), 3000);
    part += begin.substr(0, begin.rfind("\r\n\r\n")) + "\r\n\r\n\r\n\r\n";
  }
  return part;
}

double duration_of(const json& probed) {
  return std::stod(probed.at("format").at("duration").get<std::string>());
}

// Chapters as the player tells them are those of the sidecar.
void expect_chapters(const json& probed, const json& sidecar) {
  const json& chapters = sidecar.at("chapters");
  ASSERT_EQ(probed.at("chapters").size(), chapters.size());
  EXPECT_GE(chapters.size(), 3u);
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    EXPECT_EQ(probed["chapters"][i]["tags"]["title"], chapters[i]["title"]);
    EXPECT_NEAR(std::stod(probed["chapters"][i]["start_time"].get<std::string>()), chapters[i]["start_s"], 0.002);
  }
}

TEST(Delivery, ABookBecomesOneM4bWithChaptersCoverAndTags) {
  NEEDS_PROGRAM("ffmpeg");
  NEEDS_PROGRAM("ffprobe");
  const Installation lectern;
  std::ofstream(lectern.work() / "cover.png", std::ios::binary) << small_png();
  const auto script = lectern.script("alice.txt", alice());
  const Ended ended = lectern.run({"submit", script, "--format", "m4b", "--author", "Lewis Carroll", "--narrator", "Anna",
                                   "--cover", "cover.png", "--name", "Alice", "--subtitles", "srt,vtt", "--wait"});
  ASSERT_EQ(ended.exit, 0) << ended.err << ended.out;
  const fs::path audio = lectern.work() / "alice.m4b";
  const json sidecar = read_json(lectern.work() / "alice.json"), told = probe(audio);
  EXPECT_EQ(tag_of(told, "title"), "Alice");
  EXPECT_EQ(tag_of(told, "artist"), "Lewis Carroll");
  EXPECT_EQ(tag_of(told, "composer"), "Anna");
  EXPECT_EQ(tag_of(told, "date").size(), 10u);
  EXPECT_TRUE(has_picture(told));
  EXPECT_NEAR(duration_of(told), sidecar["seconds"], 0.2);
  expect_chapters(told, sidecar);
  EXPECT_NE(sidecar["chapters"][0]["title"].get<std::string>().find("Down the Rabbit-Hole"), std::string::npos);
  EXPECT_EQ(sidecar["loudness"]["preset"], "audiobook") << "unless somebody says otherwise";
  EXPECT_GT(sidecar["loudness"]["rms_db"], -23.0);
  EXPECT_TRUE(WatchedFolder::text_of(lectern.work() / "alice.vtt").starts_with("WEBVTT\n"));
  const json subtitles = probe(lectern.work() / "alice.srt");
  EXPECT_EQ(subtitles["streams"][0]["codec_name"], "subrip") << subtitles;
  EXPECT_TRUE(lectern.leftovers().empty());
}

TEST(Delivery, ABookBecomesOneOpusFile) {
  NEEDS_PROGRAM("ffprobe");
  const Installation lectern;
  const auto script = lectern.script("book.md", "---\nauthor: Somebody\nalbum: Small Books\ntrack: 3\nformat: opus\n"
                                                "loudness: podcast\n---\n" + book());
  const Ended ended = lectern.run({"submit", script, "--wait"});
  ASSERT_EQ(ended.exit, 0) << ended.err << ended.out;
  const json told = probe(lectern.work() / "book.opus"), sidecar = read_json(lectern.work() / "book.json");
  EXPECT_EQ(tag_of(told, "artist"), "Somebody");
  EXPECT_EQ(tag_of(told, "album"), "Small Books");
  EXPECT_EQ(tag_of(told, "track"), "3");
  EXPECT_EQ(tag_of(told, "performer"), "middle") << "who narrates is the voice, unless somebody says otherwise";
  EXPECT_NEAR(duration_of(told), sidecar["seconds"], 0.1);
  EXPECT_NEAR(sidecar["loudness"]["integrated_lufs"], -16, 0.6);
  expect_chapters(told, sidecar);
}

TEST(Delivery, ABookBecomesAFolderOfFlacChaptersWithSubtitles) {
  NEEDS_PROGRAM("ffprobe");
  NEEDS_PROGRAM("soxi");
  const Installation lectern;
  const auto script = lectern.script("book.md", book());
  const std::vector<std::string> words{"submit", script, "--split", "chapters", "--subtitles", "srt", "--wait"};
  Ended ended = lectern.run(words);
  ASSERT_EQ(ended.exit, 0) << ended.err << ended.out;
  EXPECT_NE(ended.out.find((lectern.work() / "book").string()), std::string::npos) << ended.out;
  const fs::path folder = lectern.work() / "book";
  const json sidecar = read_json(folder / "sidecar.json");
  ASSERT_FALSE(sidecar.is_discarded());
  int tracks = 0;
  double seconds = 0;
  std::set<std::string> expected{"sidecar.json"};
  for (const json& file : sidecar["files"]) {
    expected.insert(file["name"]);
    if (file["kind"] != "audio") continue;
    const json told = probe(folder / file["name"].get<std::string>());
    EXPECT_EQ(tag_of(told, "title"), file["title"]);
    EXPECT_EQ(tag_of(told, "album"), "A Small Book") << "the only heading of the first level";
    EXPECT_EQ(tag_of(told, "track").substr(0, 1), std::to_string(++tracks));
    seconds += std::stod(said_by("soxi -D " + quoted(folder / file["name"].get<std::string>())));
    EXPECT_TRUE(fs::exists((folder / file["name"].get<std::string>()).replace_extension(".srt")));
  }
  EXPECT_EQ(tracks, 4) << "the title page and three chapters";
  EXPECT_NEAR(seconds, sidecar["seconds"], 0.01);
  std::set<std::string> standing;
  for (const auto& entry : fs::directory_iterator(folder)) standing.insert(entry.path().filename().string());
  EXPECT_EQ(standing, expected);

  EXPECT_EQ(lectern.run(words).exit, 0);
  EXPECT_TRUE(fs::is_directory(lectern.work() / "book (2)")) << "nothing is overwritten";
  std::vector<std::string> again = words;
  again.push_back("--overwrite");
  EXPECT_EQ(lectern.run(again).exit, 0);
  EXPECT_FALSE(fs::exists(lectern.work() / "book (3)"));
  EXPECT_TRUE(lectern.leftovers().empty());
  const Ended page = lectern.run({"report", "--format", "html"});
  EXPECT_NE(page.out.find("a file for each chapter"), std::string::npos);
  EXPECT_NE(page.out.find("book/02%20Chapter%20One.flac\"></audio>"), std::string::npos) << page.out;

  std::ofstream(lectern.work() / "book (2)" / "notes.txt") << "mine";
  ended = lectern.run({"cleanup", "--outputs", "--yes"});
  EXPECT_EQ(ended.exit, 5) << "something is kept: " << ended.err;
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_TRUE(fs::exists(lectern.work() / "book (2)" / "notes.txt")) << ended.out;
  EXPECT_FALSE(fs::exists(lectern.work() / "book (2)" / "sidecar.json"));
}

TEST(Delivery, WithoutFfmpegAnM4bIsRefusedAtTheSubmit) {
  const Installation lectern;
  const auto script = lectern.script("a.txt", sentences(2, "one"));
  const fs::path bin = lectern.folder() / "bin";
  fs::create_directory(bin);
  Ended ended;
  {
    const std::string path = std::getenv("PATH");
    setenv("PATH", bin.c_str(), 1);
    ended = lectern.run({"submit", script, "--format", "m4b"});
    setenv("PATH", path.c_str(), 1);
  }
  EXPECT_EQ(ended.exit, 5) << ended.out;
  EXPECT_NE(ended.err.find("error: "), std::string::npos);
  EXPECT_NE(ended.err.find("m4b needs the program ffmpeg"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("apt-get install ffmpeg"), std::string::npos) << ended.err;
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(Delivery, AnFfmpegThatVanishesFailsTheJobAndARetryFinishesIt) {
  NEEDS_PROGRAM("ffmpeg");
  const Installation lectern;
  const auto script = lectern.script("a.txt", sentences(3, "one"));
  const fs::path bin = lectern.folder() / "bin";
  fs::create_directory(bin);
  fs::create_symlink("/usr/bin/ffmpeg", bin / "ffmpeg");
  const std::string path = std::getenv("PATH");
  setenv("PATH", bin.c_str(), 1);
  EXPECT_EQ(lectern.run({"start"}).exit, 0);
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(lectern.run({"submit", script, "--format", "m4b", "--at", "+1h"}).exit, 0);
  fs::remove(bin / "ffmpeg");
  EXPECT_EQ(lectern.run({"run-now", "--all"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait"}).exit, 1);
  EXPECT_NE(lectern.status()["jobs"][0]["reason"].get<std::string>().find("m4b needs the program ffmpeg"),
            std::string::npos);
  fs::create_symlink("/usr/bin/ffmpeg", bin / "ffmpeg");
  EXPECT_EQ(lectern.run({"retry", "--all"}).exit, 0);
  EXPECT_EQ(lectern.run({"wait"}).exit, 0);
  EXPECT_TRUE(fs::exists(lectern.work() / "a.m4b"));
}

TEST(Delivery, WhatIsWronglySaidIsRefusedWithItsPlace) {
  const Installation lectern;
  const auto refused = [&](const std::vector<std::string>& words, int exit, const std::string& what) {
    const Ended ended = lectern.run(words);
    EXPECT_EQ(ended.exit, exit) << ended.out;
    EXPECT_NE(ended.err.find(what), std::string::npos) << ended.err;
  };
  const auto plain = lectern.script("a.txt", sentences(1, "one"));
  refused({"submit", plain, "--loudness", "loud"}, 2, "use audiobook, podcast, broadcast, none");
  refused({"submit", plain, "--subtitles", "srt,sub"}, 2, "use srt, vtt, readalong, none");
  refused({"submit", plain, "--date", "yesterday"}, 2, "write 2026");
  refused({"submit", plain, "--cover", "nowhere.jpg"}, 5, "nowhere.jpg is not there");
  refused({"submit", lectern.script("b.txt", "---\nsplit: pages\n---\nText.")}, 5, "b.txt:2");
  refused({"submit", lectern.script("c.txt", "---\ncover: b.txt\n---\nText.")}, 5, "neither JPEG nor PNG");
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(Delivery, AScheduleTakesThem) {
  const Installation lectern;
  const auto script = lectern.script("book.md", book());
  Ended ended = lectern.run({"schedule", "add", "books", script, "--when", "every day 22:00", "--split", "chapters",
                             "--subtitles", "vtt", "--narrator", "Anna"});
  ASSERT_EQ(ended.exit, 0) << ended.err;
  ended = lectern.run({"schedule", "run", "books"});
  ASSERT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(lectern.run({"wait", "1"}).exit, 0);
  const json sidecar = read_json(lectern.work() / "book" / "sidecar.json");
  EXPECT_EQ(sidecar["files"].size(), 8u) << "four chapters with their subtitles";
  ended = lectern.run({"schedule", "run", "books"});
  EXPECT_NE(ended.out.find("1 skipped: narrated before with the same settings"), std::string::npos) << ended.out;
  ended = lectern.run({"schedule", "add", "other", script, "--when", "every day 22:00", "--loudness", "loud"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_NE(ended.err.find("use audiobook, podcast, broadcast, none"), std::string::npos) << ended.err;
}

TEST(Delivery, AWatchedFolderTakesChaptersAndSubtitles) {
  WatchedFolder watched("    split: chapters\n    subtitles: [srt]\n    format: mp3\n    narrator: Anna\n");
  watched.start();
  watched.move_in("Mr. Book.md", book());
  ASSERT_TRUE(watched.comes("done/Mr. Book.md")) << watched.log();
  EXPECT_TRUE(watched.exists("done/Mr. Book/sidecar.json"));
  watched.move_in("Mr. Book.md", book() + "And one more sentence.");
  ASSERT_TRUE(watched.comes("done/Mr. Book (2).md")) << watched.log();
  EXPECT_TRUE(watched.exists("done/Mr. Book (2)/sidecar.json"));
  EXPECT_TRUE(Installation::until([&] { return watched.lectern.leftovers().empty(); }));  // the claim goes last
}

}  // namespace
}  // namespace lectern
