#include "broker/publish/output_name.h"

#include "broker/publish/staged_file.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

using OutputName = Studio;

TEST_F(OutputName, IsTheWishedOneWhenNothingStandsThere) { EXPECT_EQ(free_name(out / "a.flac"), out / "a.flac"); }

TEST_F(OutputName, TakesTheFirstFreeNumber) {
  write_text(out / "a.flac", "x");
  EXPECT_EQ(free_name(out / "a.flac"), out / "a (2).flac");
  write_text(out / "a (2).flac", "x");
  write_text(out / "a (4).flac", "x");
  EXPECT_EQ(free_name(out / "a.flac"), out / "a (3).flac");
}

TEST_F(OutputName, NeedsAFreeSidecarToo) {
  write_text(out / "a.json", "x");
  EXPECT_EQ(free_name(out / "a.flac"), out / "a (2).flac");
}

TEST_F(OutputName, CountsFoldersAndDanglingLinksAsTaken) {
  fs::create_directory(out / "a.flac");
  fs::create_symlink(out / "nowhere", out / "a (2).flac");
  EXPECT_EQ(free_name(out / "a.flac"), out / "a (3).flac");
}

TEST_F(OutputName, AsksWhetherANameIsTaken) {
  const auto taken = [this](const fs::path& name) { return name == out / "a.flac" || name == out / "a (2).flac"; };
  EXPECT_EQ(free_name(out / "a.flac", {}, taken), out / "a (3).flac");
}

TEST_F(OutputName, NumbersANameWithoutExtension) {
  write_text(out / "story", "x");
  EXPECT_EQ(free_name(out / "story"), out / "story (2)");
  EXPECT_EQ(sidecar_name(out / "story (2)"), out / "story (2).json");
  EXPECT_EQ(sidecar_name(out / ".hidden"), out / ".hidden.json");
  EXPECT_EQ(sidecar_name("a.b.flac"), "a.b.json");
}

TEST_F(OutputName, StaysWithin255BytesAndWholeCharacters) {
  std::string stem;
  while (stem.size() + 2 <= 250) stem += "\u00e9";
  const fs::path target = out / (stem + "x.ogg");  // 255 bytes: its sidecar's name would have 256
  ASSERT_EQ(target.filename().string().size(), 255u);
  EXPECT_EQ(sidecar_name(target).filename().string(), stem + ".json");
  write_text(target, "x");
  const fs::path second = free_name(target);
  EXPECT_LE(second.filename().string().size(), 255u);
  EXPECT_LE(sidecar_name(second).filename().string().size(), 255u);
  const std::string name = second.filename().string();
  EXPECT_EQ(name, name.substr(0, 246) + " (2).ogg");
  EXPECT_EQ(name.substr(0, 246), stem.substr(0, 246));
  write_text(second, "x");
  EXPECT_TRUE(stands(second));
}

TEST_F(OutputName, IsFoundAgainFromItsSidecar) {
  const fs::path target = out / "a (b).flac";
  EXPECT_EQ(audio_of_sidecar(target, "a (b).json"), target);
  EXPECT_EQ(audio_of_sidecar(target, "a (b) (12).json"), out / "a (b) (12).flac");
  for (const std::string other : {"a.json", "a (b) (1).json", "a (b) (02).json", "a (b) (2", "a (b) (x).json",
                                  "a (b) (99999999999999999999).json", "z (2).json", "(2).json", ").json", ".json"})
    EXPECT_FALSE(audio_of_sidecar(target, other)) << other;
}

TEST_F(OutputName, StagedNamesFitForAnyJobId) {
  for (const std::string& id : {std::string("job-1"), std::string(128, 'x'), std::string(5000, 'x'),
                                std::string("../up"), std::string("a/b"), std::string("\u00fcber")}) {
    const fs::path audio = staged_name(out, id, "audio"), sidecar = staged_name(out, id, "json");
    EXPECT_EQ(audio.parent_path(), out) << id;
    EXPECT_EQ(audio.filename().string()[0], '.');
    EXPECT_LE(audio.filename().string().size(), 255u);
    EXPECT_NE(audio, sidecar);
    EXPECT_NE(audio, staged_name(out, id + "2", "audio"));
  }
}

TEST_F(OutputName, RenamesThatReplaceNothing) {
  for (auto* rename : {rename_new, link_new}) {
    write_text(out / "from", "new");
    write_text(out / "to", "old");
    EXPECT_EQ(rename(out / "from", out / "to"), EEXIST);
    EXPECT_EQ(read_text(out / "to"), "old");
    EXPECT_EQ(read_text(out / "from"), "new");
    fs::remove(out / "to");
    EXPECT_EQ(rename(out / "from", out / "to"), 0);
    EXPECT_EQ(read_text(out / "to"), "new");
    EXPECT_EQ(standing(), std::set<std::string>{"to"});
    EXPECT_EQ(rename(out / "from", out / "to 2"), ENOENT);
  }
}

}  // namespace
}  // namespace lectern::publish
