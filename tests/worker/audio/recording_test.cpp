#include "worker/audio/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "config/fault.h"
#include "config/file.h"
#include "tests/cli/temporary_folder.h"
#include "tests/worker/audio/voice_sound.h"

namespace lectern::audio {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class Recordings : public testing::Test {
 protected:
  fs::path sound(const std::string& name, const Samples& samples, int format, int rate = 24000, int channels = 1) {
    write_sound(folder_.path() / name, samples, format, rate, channels);
    return folder_.path() / name;
  }
  fs::path bytes(const std::string& name, const std::string& content) {
    write_file(folder_.path() / name, content);
    return folder_.path() / name;
  }
  static std::string refusal(const fs::path& file, const std::optional<Part>& part = std::nullopt) {
    try {
      read_recording(file, part);
    } catch (const Fault& fault) {
      return describe(fault);
    }
    return "it was read";
  }
  TemporaryFolder folder_;
};

TEST_F(Recordings, AreNamedWhenTheyAreNotThereOrNoFile) {
  EXPECT_THAT(refusal("/nowhere/anna.wav"), HasSubstr("voice file not found: /nowhere/anna.wav"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("is not a file"));
  EXPECT_THAT(refusal(bytes("empty.wav", "")), HasSubstr("is empty"));
}

TEST_F(Recordings, ThatAreNotAudioAreRefused) {
  EXPECT_THAT(refusal(bytes("letter.mp3", "Dear Anna, this is a letter and no recording at all.\n")),
              AllOf(HasSubstr("letter.mp3"), HasSubstr("not audio")));
}

TEST_F(Recordings, ThatAreDamagedAreRefusedOrReadShorter) {
  const fs::path whole = sound("a.flac", voice(8), SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  const std::string content = read_file(whole);
  EXPECT_THAT(refusal(bytes("cut.flac", content.substr(0, content.size() / 2))), HasSubstr("is damaged"));
  const fs::path mp3 = sound("a.mp3", voice(8), SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III);
  const std::string coded = read_file(mp3);
  std::string garbage(coded.size(), '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(127 * noise(i));
  EXPECT_THAT(refusal(bytes("corrupt.mp3", garbage)), HasSubstr("corrupt.mp3"));
  EXPECT_THAT(refusal(bytes("half.mp3", coded.substr(0, coded.size() / 4))), HasSubstr("is damaged"));
}

TEST_F(Recordings, WithSamplesThatAreNotNumbersAreRefused) {
  Samples samples = voice(6);
  samples[1000] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(sound("nan.wav", samples, SF_FORMAT_WAV | SF_FORMAT_FLOAT)), HasSubstr("not numbers"));
}

TEST_F(Recordings, OfTooLowARateAreRefused) {
  EXPECT_THAT(refusal(sound("low.wav", voice(6, 4000), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 4000)),
              HasSubstr("sample rate of 4000 Hz"));
}

TEST_F(Recordings, OfHoursAreReadOnlyInPart) {
  const fs::path file = folder_.path() / "three_hours.wav";
  sound("three_hours.wav", voice(1, 8000), SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000);
  // A header that tells the truth of a file that is mostly a hole.
  const std::uint32_t frames = 3 * 3600 * 8000, riff = frames + 36;
  std::fstream header(file, std::ios::in | std::ios::out | std::ios::binary);
  header.seekp(4).write(reinterpret_cast<const char*>(&riff), 4);
  header.seekp(40).write(reinterpret_cast<const char*>(&frames), 4);
  header.close();
  fs::resize_file(file, frames + 44);
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("180 minutes long"), HasSubstr("--start")));
  const Recording part = read_recording(file, Part{0, 0.9});
  EXPECT_EQ(part.samples.size(), 7200u);
  EXPECT_DOUBLE_EQ(part.seconds, 3 * 3600);
  EXPECT_THAT(refusal(file, Part{20000, 10}), HasSubstr("ends after 10800.0 s"));
}

struct Kind {
  const char* name;
  int format;
  double error;  // of what is lossy
};

class KindOfRecording : public Recordings, public testing::WithParamInterface<Kind> {};

TEST_P(KindOfRecording, IsReadWithItsChannelsAndRate) {
  const auto& [name, format, error] = GetParam();
  const Samples mono = voice(6, 44100);
  Samples both;
  for (const float sample : mono) both.insert(both.end(), {sample, sample * 0.5f});
  const Recording read = read_recording(sound(name, both, format, 44100, 2));
  EXPECT_EQ(read.rate_hz, 44100);
  EXPECT_EQ(read.channels, 2);
  EXPECT_NEAR(static_cast<double>(read.samples.size()), static_cast<double>(mono.size()), 0.01 * double(mono.size()));
  double power = 0, difference = 0;
  if (error > 0.01) return;
  for (std::size_t i = 0; i < mono.size(); ++i) {
    power += mono[i] * mono[i];
    difference += std::pow(read.samples[i] - 0.75 * mono[i], 2);
  }
  EXPECT_LT(difference, error * power);
}

INSTANTIATE_TEST_SUITE_P(Kinds, KindOfRecording,
                         testing::Values(Kind{"a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1e-5},
                                         Kind{"a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1e-9},
                                         Kind{"a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 1},
                                         Kind{"a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 1}),
                         [](const auto& info) { return std::string(info.param.name + 2); });

TEST_F(Recordings, OfAPartAreThatPart) {
  const fs::path file = sound("a.flac", voice(8), SF_FORMAT_FLAC | SF_FORMAT_PCM_24);
  const Samples whole = read_recording(file).samples, part = read_recording(file, Part{2, 3}).samples;
  ASSERT_EQ(part.size(), 3u * 24000);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 2 * 24000));
  EXPECT_EQ(read_recording(file, Part{6, 100}).samples.size(), 2u * 24000);
}

TEST_F(Recordings, AreWrittenAsFlacThatReadsTheSame) {
  const Samples samples = voice(6);
  write_flac(folder_.path() / "voice.flac", samples, 24000);
  const Recording read = read_recording(folder_.path() / "voice.flac");
  ASSERT_EQ(read.samples.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) ASSERT_NEAR(read.samples[i], samples[i], 1e-6);
  EXPECT_THROW(write_flac("/nowhere/voice.flac", samples, 24000), Fault);
}

// What ffmpeg is asked, and what becomes of its answer, with a script in its place.
class ForeignRecordings : public Recordings {
 protected:
  void SetUp() override { setenv("PATH", (folder_.path().string() + ":/usr/bin:/bin").c_str(), 1); }
  void TearDown() override { setenv("PATH", path_.c_str(), 1); }
  void ffmpeg(const std::string& script) {
    bytes("ffmpeg", "#!/bin/sh\n" + script);
    chmod((folder_.path() / "ffmpeg").c_str(), 0755);
  }
  const std::string path_ = getenv("PATH");
  const std::string m4a_ = std::string("\0\0\0\x20", 4) + "ftypM4A and so on";
};

TEST_F(ForeignRecordings, GoThroughFfmpeg) {
  const fs::path answer = sound("answer.wav", voice(6), SF_FORMAT_WAV | SF_FORMAT_FLOAT);
  ffmpeg("for last; do :; done\necho \"$@\" > " + (folder_.path() / "asked").string() + "\ncp " + answer.string() +
         " \"$last\"\n");
  const fs::path file = bytes("a.m4a", m4a_);
  const Recording read = read_recording(file, Part{2, 6});
  EXPECT_EQ(read.kind, "M4A");
  EXPECT_EQ(read.samples.size(), 6u * 24000);
  EXPECT_THAT(read_file(folder_.path() / "asked"),
              AllOf(HasSubstr("-protocol_whitelist file -ss 2.000000 -t 6.000000 -i file:" + file.string())));
}

TEST_F(ForeignRecordings, AreReadByTheRealFfmpegWhereThereIsOne) {
  setenv("PATH", path_.c_str(), 1);
  if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "ffmpeg is not installed";
  const fs::path wav = sound("a.wav", voice(8, 44100), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100);
  for (const char* name : {"a.m4a", "a.webm"}) {
    const fs::path file = folder_.path() / name;
    ASSERT_EQ(std::system(("ffmpeg -v error -i " + wav.string() + " -ar 48000 " + file.string()).c_str()), 0);
    const Recording whole = read_recording(file), part = read_recording(file, Part{2, 3});
    EXPECT_NEAR(static_cast<double>(whole.samples.size()), 8 * 48000, 0.02 * 8 * 48000) << name;
    EXPECT_EQ(part.samples.size(), 3u * 48000) << name;
    EXPECT_GT(whole.channel_power, 1e-4) << name;
  }
  const std::string content = read_file(folder_.path() / "a.m4a");  // its index is at the end
  EXPECT_THAT(refusal(bytes("cut.m4a", content.substr(0, content.size() / 3))), HasSubstr("cut.m4a"));
}

TEST_F(ForeignRecordings, AreRefusedWhenFfmpegCannotReadThem) {
  ffmpeg("exit 1\n");
  EXPECT_THAT(refusal(bytes("a.m4a", m4a_)), HasSubstr("not audio that can be read"));
}

TEST_F(ForeignRecordings, NameFfmpegWhenItIsMissing) {
  setenv("PATH", folder_.path().c_str(), 1);
  EXPECT_THAT(refusal(bytes("a.m4a", m4a_)),
              AllOf(HasSubstr("is M4A, which needs the program ffmpeg"), HasSubstr("apt-get install ffmpeg")));
}

}  // namespace
}  // namespace lectern::audio
