// A synthetic chatterbox-nano of full size through the whole product: pulled from a server, submitted, spoken,
// published. It babbles; the guards end it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "config/catalogue.h"
#include "config/file.h"
#include "config/sha256.h"
#include "tests/cli/fault_server.h"
#include "tests/faults/installation.h"
#include "tests/worker/audio/voice_sound.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr char kRevision[] = "71ccd1d0081b430592cea481f4307e764e07bc64";

// The hub, with the files of a folder.
FaultServer::Handler hub(const fs::path& folder) {
  return [folder](const FaultRequest& request) {
    const fs::path file = folder / fs::path(request.path).filename();
    const std::string expected = "/ResembleAI/chatterbox-nano/resolve/" + std::string(kRevision) + "/";
    if (!request.path.starts_with(expected) || !fs::exists(file)) return FaultAnswer{.status = 404};
    FaultAnswer answer{.body = read_file(file)};
    answer.headers["ETag"] = std::string("\"").append(file.filename().string()).append("\"");
    return answer;
  };
}

TEST(Chatterbox, IsPulledSubmittedSpokenAndPublished) {
  TemporaryFolder model;
  const fs::path files = model.path() / "nano";
  ASSERT_EQ(std::system((std::string(LECTERN_SYNTHETIC_MODEL) + " --bfloat16 " + files.string()).c_str()), 0);
  FaultServer server(hub(files));
  const Variable endpoint("HF_ENDPOINT", server.address()), cache("HF_HOME", (model.path() / "none").string());
  Installation lectern;

  const auto script = lectern.script("a.txt", "No!\n\nHe said so.\n\n* * *\n\nYes. [laugh]\n");
  const Ended early = lectern.run({"submit", script, "--model", "chatterbox-nano"});
  EXPECT_EQ(early.exit, 4);
  EXPECT_THAT(early.err, HasSubstr("hint: lectern model pull chatterbox-nano"));

  const Ended pulled = lectern.run({"model", "pull", "chatterbox-nano"});
  ASSERT_EQ(pulled.exit, 0) << pulled.err;
  fs::remove_all(files);
  const fs::path installed = lectern.paths().model("chatterbox-nano");
  const auto record = nlohmann::json::parse(read_file(installed / "installed.json"));
  EXPECT_EQ(record.at("files").size(), 7u) << "all but tokenizer_config.json, which this hub lacks";
  EXPECT_EQ(record.at("source"), "hub ResembleAI/chatterbox-nano");

  const Ended spoken = lectern.run({"submit", script, "--model", "chatterbox-nano", "--wait"});
  ASSERT_EQ(spoken.exit, 0) << spoken.err;
  const auto audio = lectern.audio();
  ASSERT_EQ(audio.count("a.flac"), 1u);
  EXPECT_GT(audio.at("a.flac"), 24000);
  const auto sidecar = nlohmann::json::parse(read_file(lectern.work() / "a.json"));
  EXPECT_EQ(sidecar.at("facts").at("model"), "chatterbox-nano");
  EXPECT_EQ(sidecar.at("facts").at("voice"), "built-in");
  ASSERT_EQ(sidecar.at("segments").size(), 2u) << "a few words alone go with their neighbour, but not into a section";
  EXPECT_EQ(sidecar.at("segments")[0].at("text"), "No! He said so.");
  EXPECT_EQ(sidecar.at("segments")[1].at("text"), "Yes. [laugh].");
  for (const auto& segment : sidecar.at("segments")) {
    const auto& notes = segment.at("notes");
    EXPECT_EQ(notes.at("watermark"), "none");
    EXPECT_EQ(notes.at("tries").size(), 3u) << "synthetic weights know no end";
    EXPECT_THAT(notes.at("flagged").dump(), HasSubstr("no_stop"));
    EXPECT_EQ(notes.at("tries")[0].at("seed"), segment.at("seed"));
  }
  EXPECT_TRUE(fs::exists(installed / "conds.safetensors")) << "the voice is converted once";

  // The same text again is not spoken again.
  const auto done = lectern.status().at("workers")[0].at("segments_done");
  EXPECT_EQ(lectern.run({"submit", script, "--model", "chatterbox-nano", "--wait"}).exit, 0);
  EXPECT_EQ(lectern.status().at("workers")[0].at("segments_done"), done);

  // A voice of the user's own, once by its name and once as a file.
  const fs::path recording = lectern.work() / "reading.wav";
  audio::write_sound(recording, audio::voice(6), SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  const Ended added = lectern.run({"voice", "add", "anna", recording, "--model", "chatterbox-nano"});
  ASSERT_EQ(added.exit, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("--model chatterbox-nano --voice anna"));
  const fs::path conditionals = lectern.paths().voice("anna") / "chatterbox-nano.safetensors";
  ASSERT_TRUE(fs::exists(conditionals)) << "made at once";
  write_file(conditionals, "damaged");  // and again when they are needed
  const auto own = lectern.script("own.txt", "No.\n");
  const Ended with_own = lectern.run({"submit", own, "--model", "chatterbox-nano", "--voice", "anna", "--wait"});
  ASSERT_EQ(with_own.exit, 0) << with_own.err;
  EXPECT_EQ(nlohmann::json::parse(read_file(lectern.work() / "own.json")).at("facts").at("voice"), "anna");
  EXPECT_GT(fs::file_size(conditionals), 10'000u);
  const Ended inline_voice =
      lectern.run({"submit", own, "--model", "chatterbox-nano", "--voice", recording, "--dry-run"});
  EXPECT_EQ(inline_voice.exit, 0) << inline_voice.err;
  EXPECT_THAT(lectern.run({"voice", "list"}).out, testing::ContainsRegex("clip-[0-9a-f]+ .*reading.wav"));

  // Without its voice the model is there, and says what is missing.
  fs::remove(installed / "conds.pt");
  auto without = record;
  without["files"].erase(std::remove_if(without["files"].begin(), without["files"].end(),
                                        [](const auto& file) { return file.at("path") == "conds.pt"; }),
                         without["files"].end());
  write_file(installed / "installed.json", without.dump());
  const auto other = lectern.script("b.txt", "Perhaps.");
  EXPECT_TRUE(Installation::until([&] {
    const Ended voiceless = lectern.run({"submit", other, "--model", "chatterbox-nano", "--dry-run"});
    return voiceless.exit == 4 && voiceless.err.find("no voice loaded") != std::string::npos;
  }));
}

}  // namespace
}  // namespace lectern
