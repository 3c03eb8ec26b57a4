// `lectern voice` as a user has it: the real programs, recordings of every kind, no model installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "config/file.h"
#include "config/recorded_voice.h"
#include "tests/cli/program.h"
#include "tests/worker/audio/voice_sound.h"

namespace lectern {
namespace {

namespace fs = std::filesystem;
using audio::Samples;
using testing::AllOf;
using testing::HasSubstr;

class VoiceCommand : public testing::Test {
 protected:
  fs::path sound(const std::string& name, const Samples& samples, int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                 int rate = 24000, int channels = 1) {
    fs::create_directories(program_.work());
    audio::write_sound(program_.work() / name, samples, format, rate, channels);
    return program_.work() / name;
  }
  fs::path bytes(const std::string& name, const std::string& content) {
    fs::create_directories(program_.work());
    write_file(program_.work() / name, content);
    return program_.work() / name;
  }
  Ended run(std::vector<std::string> words) {
    return program_.run([&] {
      words.insert(words.begin(), "voice");
      return words;
    }());
  }
  // One error line and one hint, and no voice.
  void refused(const std::vector<std::string>& words, int exit, const std::string& what) {
    const Ended ended = run(words);
    EXPECT_EQ(ended.exit, exit) << ended.out << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr(what), testing::StartsWith("error: ")));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 2) << ended.err;
    EXPECT_TRUE(recorded_voices(program_.paths()).size() == voices_) << "nothing changed";
  }

  TemporaryFolder folder_;
  const Program program_{folder_.path()};
  std::size_t voices_ = 0;
};

TEST_F(VoiceCommand, RefusesBadRecordingsWithTheReason) {
  refused({"add", "anna", "nowhere.wav"}, 4, "voice file not found: nowhere.wav");
  refused({"add", "anna", bytes("letter.wav", "Dear Anna, this is no sound.")}, 5, "not audio that can be read");
  std::string garbage(20000, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(127 * audio::noise(i));
  refused({"add", "anna", bytes("corrupt.mp3", garbage)}, 5, "corrupt.mp3");
  refused({"add", "anna", sound("brief.wav", audio::voice(4.9))}, 5, "it is 4.9 s long, and more than 5 s are needed");
  refused({"add", "anna", sound("silence.wav", Samples(10 * 24000))}, 5, "silent");
  refused({"add", "anna", sound("tone.wav", audio::tone(10))}, 5, "no speech");
  refused({"add", "anna", sound("long.wav", Samples(2000 * 8000), SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000)}, 5,
          "33 minutes long");
}

TEST_F(VoiceCommand, RefusesBadNamesAndOptions) {
  const std::string good = sound("good.wav", audio::voice(12));
  refused({"add", "a/b", good}, 2, "'a/b' cannot name a voice");
  refused({"add", "af_heart", good}, 5, "is taken: it is a voice of kokoro-82m");
  refused({"add", "anna", good, "--model", "kokoro-82m"}, 5, "does not make voices from recordings");
  refused({"add", "anna", good, "--model", "chatterbox-nano"}, 4, "not installed");
  refused({"add", "anna", good, "--length", "4"}, 2, "--length must be more than 5");
  refused({"add", "anna", good, "--start", "13"}, 5, "ends after 12.0 s");
  refused({"add", "anna", good, "--start", "8"}, 5, "it is 4.0 s long");
  refused({"show", "anna"}, 4, "no voice 'anna'");
  refused({"remove", "anna"}, 4, "no voice 'anna'");
  refused({"remove", "../models"}, 4, "no voice '../models'");
  refused({"export", "anna"}, 4, "no voice 'anna'");
}

TEST_F(VoiceCommand, MakesShowsRenamesExportsImportsAndRemoves) {
  Samples both;
  for (const float sample : audio::voice(30, 44100)) both.insert(both.end(), {sample, 0.6f * sample});
  const fs::path recording = sound("reading.ogg", both, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2);
  const Ended looked = run({"add", "anna", recording, "--dry-run"});
  EXPECT_EQ(looked.exit, 0);
  EXPECT_THAT(looked.out, AllOf(HasSubstr("OGG of 30.0 s, 44100 Hz, 2 channels"), HasSubstr("dBFS")));
  EXPECT_FALSE(fs::exists(program_.paths().voices() / "anna"));

  const Ended added = run({"add", "anna", recording});
  ASSERT_EQ(added.exit, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("lectern model pull"));
  const auto shown = nlohmann::json::parse(run({"show", "anna", "--json"}).out);
  EXPECT_EQ(shown.at("source"), "reading.ogg");
  EXPECT_EQ(shown.at("examination").at("channels"), 2);
  EXPECT_GE(shown.at("examination").at("length_s"), 10);
  EXPECT_LE(shown.at("examination").at("length_s"), 15);
  EXPECT_THAT(run({"list"}).out,
              testing::ContainsRegex("anna +chatterbox-turbo, chatterbox-nano +- +- +yes, from reading"));
  EXPECT_THAT(run({"list", "--model", "kokoro-82m"}).out, testing::Not(HasSubstr("anna")));

  voices_ = 1;
  refused({"add", "anna", recording}, 5, "is taken: there is such a voice");
  EXPECT_EQ(run({"rename", "anna", "berta"}).exit, 0);
  refused({"rename", "berta", "af_heart"}, 5, "is taken");
  refused({"show", "anna"}, 4, "no voice 'anna'");
  const Ended exported = run({"export", "berta"});
  EXPECT_EQ(exported.out, "./berta.flac\n");
  refused({"export", "berta"}, 5, "berta.flac exists");
  refused({"import", recording, "--name", "carla"}, 5, "not an exported voice");
  EXPECT_EQ(run({"import", "berta.flac", "--name", "carla"}).exit, 0);
  const auto carla = nlohmann::json::parse(run({"show", "carla", "--json"}).out);
  EXPECT_EQ(carla.at("recording_sha256"), shown.at("recording_sha256")) << "the same voice, whatever it is called";
  EXPECT_EQ(run({"remove", "berta"}).exit, 0);
  EXPECT_EQ(run({"remove", "carla"}).exit, 0);
  EXPECT_TRUE(fs::is_empty(program_.paths().voices()));
}

TEST_F(VoiceCommand, UsesThePartThatIsNamed) {
  const fs::path recording = sound("long.flac", audio::voice(60), SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  ASSERT_EQ(run({"add", "anna", recording, "--start", "20", "--length", "8"}).exit, 0);
  const auto shown = nlohmann::json::parse(run({"show", "anna", "--json"}).out);
  EXPECT_EQ(shown.at("examination").at("start_s"), 20);
  EXPECT_EQ(shown.at("examination").at("length_s"), 8);
}

TEST_F(VoiceCommand, AFileAsVoiceOfASubmitIsLookedAtFirst) {
  const std::string script = bytes("a.txt", "Some text.\n");
  const Ended missing = program_.run({"submit", script, "--model", "chatterbox-nano", "--voice", "clips/nobody.wav"});
  EXPECT_EQ(missing.exit, 4);
  EXPECT_THAT(missing.err, HasSubstr("voice file not found: clips/nobody.wav"));
  const std::string clip = sound("clip.wav", audio::voice(12));
  const Ended other = program_.run({"submit", script, "--model", "kokoro-82m", "--voice", clip});
  EXPECT_EQ(other.exit, 5);
  EXPECT_THAT(other.err, HasSubstr("kokoro-82m does not make voices from recordings"));
}

}  // namespace
}  // namespace lectern
