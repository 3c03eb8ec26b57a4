// Works by chapters: one folder, whole or not at all.
#include "broker/publish/chapter_folder.h"

#include <sys/mount.h>

#include <cstring>
#include <map>

#include "broker/publish/output_name.h"
#include "config/seal.h"
#include "tests/broker/publish/crashing.h"

namespace lectern::publish {
namespace {

class Chapters : public Crashing {
 protected:
  // A title, then two chapters of two segments each; tones of 400, 800, ... Hz.
  PublishRequest book(const std::string& format = "flac") {
    PublishRequest request = empty_request(format);
    request.target = out / "book";
    request.delivery.split = "chapters";
    request.facts = {{"title", "A Book"}, {"voice", "af_heart"}};
    request.author = "Somebody";
    for (int i = 0; i < 5; ++i)
      add(request, silence(0.2) + tone(400 * (i + 1), 0.4 + 0.1 * i) + silence(0.3),
          i == 4       ? text::Break::end
          : i % 2 == 0 ? text::Break::chapter
                       : text::Break::sentence);
    request.chapters = {{1, "Down the Rabbit-Hole"}, {3, "What? A/Pool: \"of\" Tears."}};
    return request;
  }

  std::set<std::string> inside(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
    return names;
  }

  std::map<std::string, std::string> hashes(const fs::path& folder) {
    std::map<std::string, std::string> all;
    for (const std::string& name : inside(folder)) all[name] = sha256_file(folder / name);
    return all;
  }
};

const std::set<std::string> kFiles{"01 A Book.flac", "02 Down the Rabbit-Hole.flac", "03 What A Pool of Tears.flac",
                                   "sidecar.json"};

TEST_F(Chapters, EachIsAFileWithItsOwnSegmentsAndTags) {
  const PublishRequest request = book();
  const Published published = run(request);
  EXPECT_EQ(published.audio, out / "book");
  EXPECT_EQ(published.sidecar, out / "book" / "sidecar.json");
  EXPECT_EQ(standing(), std::set<std::string>{"book"});
  EXPECT_EQ(inside(out / "book"), kFiles);
  EXPECT_TRUE(is_whole_folder(out / "book"));
  EXPECT_TRUE(seal_holds(read_text(published.sidecar)));
  const auto sidecar = read_json(published.sidecar);
  EXPECT_FALSE(sidecar.contains("audio"));
  ASSERT_EQ(sidecar["files"].size(), 3u);
  double seconds = 0;
  std::uint64_t bytes = 0;
  for (const auto& file : sidecar["files"]) {
    const Sound sound = read_sound(out / "book" / file["name"].get<std::string>());
    EXPECT_NEAR(static_cast<double>(sound.info.frames) / kRate, file["seconds"], 1e-6);
    EXPECT_EQ(sound.title, file["title"]);
    seconds += file["seconds"].get<double>();
    bytes += file["bytes"].get<std::uint64_t>();
  }
  EXPECT_NEAR(seconds, sidecar["seconds"], 1e-6);
  EXPECT_NEAR(published.seconds, seconds, 1e-6);
  EXPECT_EQ(published.bytes, bytes);
  ASSERT_EQ(sidecar["segments"].size(), 5u);
  const char* of[] = {"01 A Book.flac", "02 Down the Rabbit-Hole.flac", "02 Down the Rabbit-Hole.flac",
                      "03 What A Pool of Tears.flac", "03 What A Pool of Tears.flac"};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& segment = sidecar["segments"][i];
    EXPECT_EQ(segment["file"], of[i]);
    const Sound sound = read_sound(out / "book" / segment["file"].get<std::string>());
    const auto from = static_cast<std::size_t>((double(segment["start_s"]) + 0.05) * kRate);
    const auto count = static_cast<std::size_t>((double(segment["duration_s"]) - 0.1) * kRate);
    EXPECT_GT(share_of(400.0 * static_cast<double>(i + 1), std::span(sound.samples).subspan(from, count)), 0.99) << i;
  }
}

TEST_F(Chapters, TheFirstBeginsWithTheSilenceThatTheScriptAsksFor) {
  PublishRequest request = book("wav");
  const double usual_s = run(request).seconds;
  request.leading_pause_s = 2;
  EXPECT_NEAR(run(request).seconds, usual_s + 2, 1e-6);
  const auto sidecar = read_json(out / "book" / "sidecar.json");
  EXPECT_EQ(sidecar["segments"][0]["start_s"], 2);
  EXPECT_EQ(sidecar["segments"][1]["start_s"], 0);
  const Sound first = read_sound(out / "book" / "01 A Book.wav");
  EXPECT_EQ(peak_of(std::span(first.samples).first(2 * kRate)), 0);
  EXPECT_NEAR(static_cast<double>(first.info.frames) / kRate, sidecar["files"][0]["seconds"], 1e-6);
}

TEST_F(Chapters, JoinedAreTheWorkInOnePiece) {
  for (const std::string& preset : {std::string("none"), std::string("podcast")}) {
    PublishRequest request = book("wav");
    request.delivery.loudness = preset;
    run(request);
    Samples joined;
    for (const std::string& name : inside(out / "book"))
      if (name.ends_with(".wav")) joined = std::move(joined) + read_sound(out / "book" / name).samples;
    PublishRequest whole = request;
    whole.delivery.split = "none";
    whole.target = out / "whole.wav";
    run(whole);
    EXPECT_TRUE(joined == read_sound(out / "whole.wav").samples) << preset;
    EXPECT_EQ(read_json(out / "whole.json")["chapters"].size(), 3u);
    clear();
  }
}

TEST_F(Chapters, SubtitlesCountFromTheBeginningOfTheirFile) {
  PublishRequest request = book();
  request.delivery.subtitles = "srt,readalong";
  run(request);
  EXPECT_EQ(inside(out / "book").size(), 10u);
  EXPECT_TRUE(read_text(out / "book" / "03 What A Pool of Tears.srt").starts_with("1\n00:00:00,000 --> "));
  EXPECT_EQ(read_json(out / "book" / "02 Down the Rabbit-Hole.readalong.json")["audio"], "02 Down the Rabbit-Hole.flac");
  EXPECT_TRUE(is_whole_folder(out / "book"));
}

TEST_F(Chapters, AWorkWithoutChaptersIsOneFileInItsFolder) {
  PublishRequest request = book();
  request.chapters.clear();
  run(request);
  EXPECT_EQ(inside(out / "book"), (std::set<std::string>{"01 A Book.flac", "sidecar.json"}));
}

TEST_F(Chapters, ManyAreNumberedInOrder) {
  EXPECT_EQ(chapter_name(7, 9, "One", ".mp3"), "07 One.mp3");
  EXPECT_EQ(chapter_name(7, 120, "One", ".mp3"), "007 One.mp3");
  EXPECT_EQ(chapter_name(1, 1, "..", ".mp3"), "01.mp3");
  EXPECT_EQ(chapter_name(1, 1, "a\n/b\\c", ".mp3"), "01 a b c.mp3");
  EXPECT_LE(chapter_name(1, 1, std::string(400, 'x'), ".readalong.json").size(), kNameBytes);
}

TEST_F(Chapters, ACrashAtAnyStepLeavesNothingHalfAndIsFinishedByTheNextCall) {
  PublishRequest request = book();
  request.delivery.subtitles = "srt";
  request.delivery.loudness = "audiobook";
  PublishRequest reference = request;
  reference.target = root / "reference" / "book";
  run(reference);
  const auto expected = hashes(reference.target);
  const auto steps = steps_of(request);
  EXPECT_GE(steps.size(), 15u);
  std::map<std::string, int> times;
  for (const std::string& step : steps) {
    ASSERT_TRUE(killed_at(request, step, ++times[step])) << step;
    for (const std::string& name : standing())
      if (name[0] != '.') {
        EXPECT_EQ(hashes(out / name), expected) << step;
      }
    const Published published = run(request);
    EXPECT_EQ(published.audio, request.target) << step;
    EXPECT_EQ(standing(), std::set<std::string>{"book"}) << step;
    EXPECT_EQ(hashes(out / "book"), expected) << step;
    EXPECT_EQ(run(request).audio, request.target) << "a third call finds it done";
    EXPECT_EQ(standing(), std::set<std::string>{"book"});
    clear();
  }
}

TEST_F(Chapters, ACrashWhileReplacingShowsTheOldOrTheNewFolder) {
  PublishRequest request = book();
  request.overwrite = true;
  PublishRequest old = request;
  old.job_id = "job-0";
  old.pauses.end = 2;
  run(old);
  const auto before = hashes(out / "book");
  clear();
  const auto steps = steps_of(request);
  std::map<std::string, int> times;
  for (const std::string& step : steps) {
    run(old);
    ASSERT_TRUE(killed_at(request, step, ++times[step])) << step;
    const auto now = hashes(out / "book");
    EXPECT_TRUE(now == before || is_whole_folder(out / "book")) << step;
    EXPECT_EQ(run(request).audio, out / "book") << step;
    EXPECT_NE(hashes(out / "book"), before);
    EXPECT_EQ(standing(), std::set<std::string>{"book"}) << step;
    clear();
  }
}

TEST_F(Chapters, NothingOfOthersIsReplaced) {
  fs::create_directory(out / "book");
  EXPECT_EQ(run(book()).audio, out / "book (2)");
  PublishRequest request = book();
  request.overwrite = true;
  request.job_id = "job-2";
  EXPECT_EQ(run(request).audio, out / "book (3)") << "an empty folder is somebody's own too";
  fs::remove(out / "book");
  request.job_id = "job-3";
  EXPECT_EQ(run(request).audio, out / "book");
  write_text(out / "book" / "notes.txt", "mine");
  request.job_id = "job-4";
  EXPECT_EQ(run(request).audio, out / "book (4)") << "somebody has put a file into it";
  EXPECT_EQ(read_text(out / "book" / "notes.txt"), "mine");
  write_text(out / "book (4)" / "01 A Book.flac", "edited");
  request.target = out / "book (4)";
  request.job_id = "job-5";
  EXPECT_EQ(run(request).audio, out / "book (4) (2)") << "somebody has edited a file in it";
}

TEST_F(Chapters, AChangedWorkOfTheSameJobReplacesTheEarlierOne) {
  PublishRequest request = book();
  run(request);
  const auto before = hashes(out / "book");
  request.chapters[0].title = "Another Title";
  EXPECT_EQ(run(request).audio, out / "book");
  EXPECT_EQ(standing(), std::set<std::string>{"book"});
  EXPECT_NE(hashes(out / "book"), before);
}

TEST_F(Chapters, AFullDiskAtAnyByteLeavesNothing) {
  static long budget = 0;
  const PublishRequest request = book();
  run(request);
  long size = 0;
  for (const std::string& name : kFiles) size += static_cast<long>(fs::file_size(out / "book" / name));
  clear();
  fault_hooks.before_write = [](std::size_t bytes) {
    budget -= static_cast<long>(bytes);
    return budget < 0 ? ENOSPC : 0;
  };
  for (long given = 0; given < size; given += 1 + size / 25) {
    budget = given;
    EXPECT_EQ(fault_of([&] { run(request); }).exit(), Exit::no_space) << given << " of " << size;
    EXPECT_TRUE(standing().empty()) << given;
  }
}

TEST_F(Chapters, AMissingTakeAndAStopLeaveNothing) {
  const PublishRequest request = book();
  fs::remove(take_path(takes, key_of(3)));
  std::vector<std::string> missing;
  fault_of([&] { publish(request, no_stop, [&](const std::string& key) { missing.push_back(key); }); });
  EXPECT_EQ(missing, std::vector<std::string>{key_of(3)});
  EXPECT_TRUE(standing().empty());
  write_take(takes, key_of(3), tone(1600, 0.5), kRate);
  static std::atomic<bool>* flag = nullptr;
  std::atomic<bool> stop{false};
  flag = &stop;
  fault_hooks.at_step = [](const char* step) {
    if (step == std::string("chapter_encoded")) *flag = true;
  };
  fault_of([&] { publish(request, stop, {}); });
  EXPECT_TRUE(standing().empty());
}

}  // namespace
}  // namespace lectern::publish
