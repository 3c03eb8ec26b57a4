// Tags, chapters and covers, read back by the programs that players are made of.
#include "broker/publish/tags.h"

#include "broker/publish/ffmpeg.h"
#include "broker/publish/render.h"
#include "broker/publish/vorbis_tags.h"
#include "tests/broker/publish/players.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

class Tagged : public Studio {
 protected:
  PublishRequest tagged(const std::string& format) {
    PublishRequest request = three_tones(format);
    request.facts = {{"title", "Gr\u00f6\u00dfe; = # \\ \u4e2d"}, {"voice", "af_heart"}, {"model", {{"name", "kokoro-82m"}}}};
    request.author = "Lewis Carroll";
    request.chapters = {{1, "Chapter I. Down"}, {2, "Chapter II; the = Pool"}};
    request.delivery.narrator = "Anna";
    request.delivery.album = "Collected Works";
    request.delivery.track = "7";
    request.delivery.date = "2026-11-26";
    request.delivery.cover = (root / "cover.png").string();
    write_text(root / "cover.png", cover);
    return request;
  }
  void large_cover(const std::string& format) {
    write_text(root / "large.png", large_png(30'000));
    read_cover(root / "large.png", format);
  }
  std::string cover = small_png();
};

class InEveryFormat : public Tagged, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(, InEveryFormat, testing::Values("wav", "flac", "ogg", "opus", "mp3", "m4b"),
                         [](const auto& test) { return test.param; });

TEST_P(InEveryFormat, PlayersReadTagsChaptersAndCoverBack) {
  NEEDS_PROGRAM("ffmpeg");
  NEEDS_PROGRAM("ffprobe");
  const PublishRequest request = tagged(GetParam());
  const Published published = run(request);
  const auto told = probe(published.audio);
  EXPECT_NEAR(std::stod(told["format"]["duration"].get<std::string>()), published.seconds, 0.1);
  EXPECT_EQ(tag_of(told, "title"), fact(request, "title"));
  EXPECT_EQ(tag_of(told, "artist"), "Lewis Carroll");
  EXPECT_EQ(tag_of(told, "album"), "Collected Works");
  EXPECT_EQ(tag_of(told, "comment"), "model kokoro-82m, voice af_heart");
  EXPECT_EQ(tag_of(told, "track").substr(0, 1), "7");
  EXPECT_EQ(tag_of(told, "date"), "2026-11-26");
  if (GetParam() == "wav") {  // holds neither narrator, chapters nor cover
    EXPECT_TRUE(told["chapters"].empty());
    return;
  }
  const bool vorbis = GetParam() != "mp3" && GetParam() != "m4b";
  EXPECT_EQ(tag_of(told, vorbis ? "performer" : "composer"), "Anna");
  EXPECT_TRUE(has_picture(told)) << told.dump(1);
  ASSERT_EQ(told["chapters"].size(), 3u) << "what stands before the first one is one too";
  const auto sidecar = read_json(published.sidecar);
  const std::string titles[] = {fact(request, "title"), "Chapter I. Down", "Chapter II; the = Pool"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(told["chapters"][i]["tags"]["title"], titles[i]);
    EXPECT_NEAR(std::stod(told["chapters"][i]["start_time"].get<std::string>()), sidecar["segments"][i]["start_s"], 0.002);
    EXPECT_EQ(sidecar["chapters"][i]["title"], titles[i]);
    EXPECT_EQ(sidecar["chapters"][i]["start_s"], sidecar["segments"][i]["start_s"]);
  }
}

TEST_P(InEveryFormat, ALargeCoverAndHundredsOfChaptersLeaveTheSoundAsItWas) {
  NEEDS_PROGRAM("ffmpeg");
  PublishRequest plain = empty_request(GetParam());
  add(plain, tone(440, 0.1), text::Break::sentence);
  plain.segments.assign(300, plain.segments[0]);
  plain.target = out / ("plain" + plain.target.extension().string());
  PublishRequest rich = plain;
  rich.target = out / ("rich" + plain.target.extension().string());
  rich.facts = {{"title", std::string(900, 'x')}};
  for (std::size_t i = 0; i < 300; ++i) rich.chapters.push_back({i, "Chapter " + std::to_string(i + 1) + std::string(200, '.')});
  const bool opus = GetParam() == "opus";  // libsndfile's Opus holds 50 kB of tags
  write_text(root / "cover.png", large_png(opus ? 20'000 : 700'000));
  rich.delivery.cover = (root / "cover.png").string();
  const auto decoded = [](const fs::path& file) {
    return said_by("ffmpeg -v error -i " + quoted(file) + " -map 0:a -f md5 -");
  };
  const Published one = run(plain), other = run(rich);
  EXPECT_EQ(decoded(one.audio), decoded(other.audio));
  EXPECT_TRUE(decoded(other.audio).starts_with("MD5=")) << decoded(other.audio);
  if (GetParam() == "wav") return;
  if (opus) {
    EXPECT_EQ(tag_of(probe(other.audio), "title"), std::string(900, 'x'));
    EXPECT_GT(probe(other.audio)["chapters"].size(), 100u) << "the first ones are there";
    EXPECT_EQ(fault_of([&] { read_cover(root / "cover.png", "opus"), large_cover("opus"); }).exit(), Exit::bad_input);
    return;
  }
  EXPECT_GT(other.bytes, one.bytes + 700'000);
  EXPECT_EQ(probe(other.audio)["chapters"].size(), 300u);
}

TEST_F(Tagged, OtherReadersAgree) {
  NEEDS_PROGRAM("soxi");
  NEEDS_PROGRAM("mp3info");
  const Published flac = run(tagged("flac"));
  const std::string told = said_by("soxi " + quoted(flac.audio));
  EXPECT_NE(told.find("Lewis Carroll"), std::string::npos) << told;
  EXPECT_NE(told.find("Chapter I. Down"), std::string::npos) << told;
  const Published mp3 = run(tagged("mp3"));
  EXPECT_NEAR(std::stod(said_by("mp3info -F -p '%S' " + quoted(mp3.audio))), mp3.seconds, 1.01);
}

TEST_F(Tagged, EachChapterOfASplitWorkIsATrackOfItsAlbum) {
  NEEDS_PROGRAM("ffprobe");
  for (const std::string& format : {std::string("mp3"), std::string("opus")}) {
    PublishRequest request = tagged(format);
    request.target = out / format;
    request.delivery.split = "chapters";
    request.delivery.album.clear();
    run(request);
    int track = 0;
    const auto sidecar = read_json(out / format / "sidecar.json");
    for (const auto& file : sidecar["files"]) {
      const auto told = probe(out / format / file["name"].get<std::string>());
      EXPECT_EQ(tag_of(told, "title"), file["title"]);
      EXPECT_EQ(tag_of(told, "album"), fact(request, "title"));
      EXPECT_EQ(tag_of(told, "track").substr(0, 1), std::to_string(++track));
      EXPECT_TRUE(has_picture(told));
      EXPECT_TRUE(told["chapters"].empty());
    }
    EXPECT_EQ(track, 3);
  }
}

TEST_F(Tagged, ACoverThatIsNoneIsNamed) {
  const auto refused = [&](const std::string& why) {
    const Fault fault = fault_of([&] { read_cover(root / "cover.png", "flac"); });
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    EXPECT_NE(std::string(fault.what()).find(why), std::string::npos) << fault.what();
    EXPECT_NE(std::string(fault.what()).find("cover.png"), std::string::npos);
  };
  refused("is not there");
  write_text(root / "cover.png", "GIF89a");
  refused("neither JPEG nor PNG");
  write_text(root / "cover.png", small_png() + std::string(kMostCoverBytes, 'x'));
  refused("larger than 10 MB");
  fs::remove(root / "cover.png");
  fs::create_directory(root / "cover.png");
  refused("is not a file");
  PublishRequest request = three_tones();
  request.delivery.cover = (root / "gone.jpg").string();
  fault_of([&] { run(request); });
  EXPECT_TRUE(standing().empty());
}

TEST(OggChecksum, IsThatOfTheFormat) {
  // A page of nothing as the encoders write it: 27 bytes, no segments, its own sum left out.
  std::string page("OggS\0\4\0\0\0\0\0\0\0\0\x2a\0\0\0\3\0\0\0\0\0\0\0\0", 27);
  std::uint32_t bitwise = 0;
  for (const char byte : page) {
    bitwise ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 24;
    for (int bit = 0; bit < 8; ++bit) bitwise = bitwise << 1 ^ (bitwise >> 31 ? 0x04C11DB7u : 0u);
  }
  EXPECT_EQ(ogg_checksum(page), bitwise);
}

TEST(FfmpegMetadata, EscapesWhatMeansSomething) {
  SoundTags tags;
  tags.title = "a=b;c#d\\e\nf";
  tags.chapters = {{0, 1.5, "[CHAPTER]"}};
  const std::string text = ffmpeg_metadata(tags);
  EXPECT_NE(text.find("title=a\\=b\\;c\\#d\\\\e\\\nf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("START=0\nEND=1500\n"), std::string::npos);
}

}  // namespace
}  // namespace lectern::publish
