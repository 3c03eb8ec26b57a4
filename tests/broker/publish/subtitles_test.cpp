#include "broker/publish/subtitles.h"

#include <map>

#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

std::size_t width(const std::string& line) {
  std::size_t count = 0;
  for (const char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string words_in(const std::vector<std::vector<std::string>>& cues) {
  std::string text;
  for (const auto& lines : cues)
    for (const std::string& line : lines) text += (text.empty() ? "" : " ") + line;
  return text;
}

const std::string kLong =
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or "
    "twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it.";

TEST(CueTexts, HoldEveryWordInLinesOfFortyTwo) {
  std::string digits;
  for (int i = 0; i < 200; ++i) digits += std::to_string(i % 10);
  for (const std::string& text : {kLong, std::string("One."), std::string("a b  c\n d"), kLong + " " + kLong}) {
    const auto cues = cue_texts(text);
    for (const auto& lines : cues) {
      ASSERT_GE(lines.size(), 1u);
      ASSERT_LE(lines.size(), kCueLines);
      for (const std::string& line : lines) {
        EXPECT_LE(width(line), kLineCharacters) << line;
        EXPECT_FALSE(line.empty());
      }
    }
    std::istringstream in(text);
    std::string expected;
    for (std::string word; in >> word;) expected += (expected.empty() ? "" : " ") + word;
    EXPECT_EQ(words_in(cues), expected);
  }
  std::string whole;
  for (const auto& lines : cue_texts(digits))
    for (const std::string& line : lines) {
      whole += line;
      EXPECT_LE(width(line), kLineCharacters);
    }
  EXPECT_EQ(whole, digits) << "what has no spaces is cut hard";
  std::string chinese;
  for (int i = 0; i < 100; ++i) chinese += "\u4e2d";
  whole.clear();
  for (const auto& lines : cue_texts(chinese))
    for (const std::string& line : lines) {
      whole += line;
      EXPECT_LE(width(line), kLineCharacters);
    }
  EXPECT_EQ(whole, chinese);
}

TEST(CueTexts, AreBrokenWhereTheTextPauses) {
  const auto cues = cue_texts(kLong);
  ASSERT_GE(cues.size(), 3u);
  for (std::size_t i = 0; i + 1 < cues.size(); ++i) {
    const char last = cues[i].back().back();
    EXPECT_TRUE(last == ',' || last == ':') << cues[i].back();
  }
  EXPECT_EQ(cue_texts("Short enough for one line."), (std::vector<std::vector<std::string>>{{"Short enough for one line."}}));
}

TEST(CueTexts, ShowAWordWhosePhonemesAreGivenAsTheWord) {
  EXPECT_EQ(words_in(cue_texts("The [Jabberwock](/d\u0292\u00e6b\u0259w\u0252k/) came [here].")), "The Jabberwock came [here].");
}

class Subtitled : public Studio {
 protected:
  PublishRequest subtitled() {
    PublishRequest request = three_tones();
    request.segments[1].spoken = kLong + " R&D <now>";
    request.delivery.subtitles = "srt,vtt,readalong";
    return request;
  }
};

TEST_F(Subtitled, StandBesideTheAudioWithTheTimesOfTheSidecar) {
  const PublishRequest request = subtitled();
  const Published published = run(request);
  EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json", "story.srt", "story.vtt", "story.readalong.json"}));
  const auto sidecar = read_json(published.sidecar);
  ASSERT_EQ(sidecar["files"].size(), 4u);
  for (const auto& file : sidecar["files"]) {
    EXPECT_EQ(file["sha256"], sha256_file(out / file["name"].get<std::string>()));
    EXPECT_EQ(file["bytes"], fs::file_size(out / file["name"].get<std::string>()));
  }
  const auto readalong = read_json(out / "story.readalong.json");
  EXPECT_EQ(readalong["audio"], "story.flac");
  const auto& lines = readalong["lines"];
  EXPECT_EQ(lines.front()["text"], "Sentence 0.");
  EXPECT_EQ(lines.front()["begin"], 0);
  EXPECT_EQ(lines.back()["begin"], 20);
  double last_end = 0;
  for (const auto& line : lines) {
    EXPECT_GE(line["start_s"], last_end - 0.002) << line;
    EXPECT_GT(line["end_s"], line["start_s"]);
    last_end = line["end_s"];
    const auto& segment = sidecar["segments"][line["segment"].get<std::size_t>()];
    EXPECT_GE(line["start_s"].get<double>(), segment["start_s"].get<double>() - 0.001);
    EXPECT_LE(line["end_s"].get<double>(),
              double(segment["start_s"]) + double(segment["duration_s"]) + double(segment["pause_s"]) + 0.001);
  }
  const std::string srt = read_text(out / "story.srt"), vtt = read_text(out / "story.vtt");
  EXPECT_TRUE(srt.starts_with("1\n00:00:00,000 --> 00:00:00,8")) << srt.substr(0, 60);
  EXPECT_NE(srt.find("R&D <now>"), std::string::npos);
  EXPECT_TRUE(vtt.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:00.8")) << vtt.substr(0, 60);
  EXPECT_NE(vtt.find("R&amp;D &lt;now&gt;"), std::string::npos);
  EXPECT_EQ(run(request).audio, published.audio) << "a second call finds it done";
}

TEST_F(Subtitled, OfSomebodyElseStay) {
  write_text(out / "story.srt", "mine");
  PublishRequest request = subtitled();
  EXPECT_EQ(run(request).audio, out / "story (2).flac");
  request.job_id = "job-2";
  request.overwrite = true;
  EXPECT_EQ(run(request).audio, out / "story (3).flac") << "overwriting is said of the audio";
  EXPECT_EQ(read_text(out / "story.srt"), "mine");
}

TEST_F(Subtitled, GoWithTheWorkThatIsReplaced) {
  PublishRequest request = subtitled();
  run(request);
  request.job_id = "job-2";
  request.overwrite = true;
  request.delivery.subtitles = "vtt";
  run(request);
  EXPECT_EQ(standing(), (std::set<std::string>{"story.flac", "story.json", "story.vtt"}));
  write_text(out / "story.vtt", "edited");
  request.job_id = "job-3";
  EXPECT_EQ(run(request).audio, out / "story (2).flac") << "an edited one is somebody's own";
}

TEST_F(Subtitled, AChangedWorkOfTheSameJobReplacesTheEarlierOne) {
  PublishRequest request = subtitled();
  const std::string before = sha256_file(run(request).audio);
  add(request, tone(1600, 0.4), text::Break::end);
  EXPECT_EQ(run(request).audio, out / "story.flac");
  EXPECT_NE(sha256_file(out / "story.flac"), before);
  EXPECT_EQ(standing().size(), 5u);
  write_text(out / "story.flac", "edited by somebody");
  add(request, tone(2000, 0.4), text::Break::end);
  EXPECT_EQ(run(request).audio, out / "story (2).flac");
  EXPECT_EQ(read_text(out / "story.flac"), "edited by somebody");
}

TEST_F(Subtitled, ThatCannotAllFollowLeaveTheEarlierWorkAsItWas) {
  PublishRequest request = subtitled();
  run(request);
  std::map<std::string, std::string> before;
  for (const std::string& name : standing()) before[name] = sha256_file(out / name);
  add(request, tone(1600, 0.4), text::Break::end);
  for (const std::string& step : {std::string("sidecar_placed"), std::string("subtitles_placed"), std::string("audio_placed")}) {
    static std::string at;
    at = step;
    fault_hooks.at_step = [](const char* now) {
      if (now == at) throw Fault(Exit::no_space, "no more");
    };
    fault_of([&] { run(request); });
    fault_hooks = {};
    std::map<std::string, std::string> after;
    for (const std::string& name : standing()) after[name] = sha256_file(out / name);
    EXPECT_EQ(after, before) << step;
  }
  EXPECT_EQ(run(request).audio, out / "story.flac");
}

}  // namespace
}  // namespace lectern::publish
