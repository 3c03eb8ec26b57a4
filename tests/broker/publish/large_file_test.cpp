// Files above 4 GB: a disk that forgets what silence is written to it lets the whole length be written in seconds.
#include <sys/stat.h>
#include <unistd.h>

#include "broker/publish/sound_format.h"
#include "tests/broker/publish/players.h"
#include "tests/broker/publish/studio.h"

namespace lectern::publish {
namespace {

using LargeFile = Studio;

constexpr std::int64_t kFourGigabytes = std::int64_t{1} << 32;

// As the encoder leaves a WAV of that many frames: the head and the end are written, all between is a hole.
void write_sparse(const fs::path& path, std::int64_t frames) {
  StagedFile file(path, path);
  const SoundSettings settings = sound_settings("wav", kRate, frames);
  SF_INFO info{};
  info.samplerate = kRate;
  info.channels = 1;
  info.format = settings.format;
  struct Hole {
    StagedFile* file;
    static sf_count_t length(void* user) { return static_cast<Hole*>(user)->file->stream_length(); }
    static sf_count_t seek(sf_count_t offset, int whence, void* user) {
      return static_cast<Hole*>(user)->file->seek(offset, whence);
    }
    static sf_count_t read(void* to, sf_count_t bytes, void* user) { return static_cast<Hole*>(user)->file->read(to, bytes); }
    static sf_count_t write(const void* from, sf_count_t bytes, void* user) {
      StagedFile& file = *static_cast<Hole*>(user)->file;
      const char* begin = static_cast<const char*>(from);
      const bool silent = bytes > 4096 && std::all_of(begin, begin + bytes, [](char c) { return c == 0; });
      if (!silent) return file.write(from, bytes);
      file.seek(bytes - 1, SEEK_CUR);
      file.write("", 1);
      return bytes;
    }
    static sf_count_t tell(void* user) { return static_cast<Hole*>(user)->file->position(); }
  } hole{&file};
  SF_VIRTUAL_IO io{Hole::length, Hole::seek, Hole::read, Hole::write, Hole::tell};
  SNDFILE* encoder = sf_open_virtual(&io, SFM_WRITE, &info, &hole);
  ASSERT_NE(encoder, nullptr);
  const std::vector<short> silence(1 << 22, 0);
  const std::vector<short> sound(kRate, 12345);
  ASSERT_EQ(sf_writef_short(encoder, sound.data(), kRate), kRate);
  for (std::int64_t left = frames - 2 * kRate; left > 0; left -= static_cast<std::int64_t>(silence.size()))
    sf_writef_short(encoder, silence.data(), std::min<sf_count_t>(left, static_cast<sf_count_t>(silence.size())));
  ASSERT_EQ(sf_writef_short(encoder, sound.data(), kRate), kRate);
  ASSERT_EQ(sf_close(encoder), 0);
  file.check();
  file.place(path.parent_path() / "long.wav", true);
}

TEST_F(LargeFile, AWavAboveFourGigabytesIsRf64AndReadToItsEnd) {
  const std::int64_t frames = kFourGigabytes / 2 + 100'000'000;  // 4.5 GB
  write_sparse(out / ".staged", frames);
  const fs::path file = out / "long.wav";
  struct stat status;
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  ASSERT_GT(status.st_size, kFourGigabytes);
  EXPECT_LT(status.st_blocks * 512, 200'000'000) << "the disk of the test holds no 4 GB";
  SF_INFO info{};
  SNDFILE* in = sf_open(file.c_str(), SFM_READ, &info);
  ASSERT_NE(in, nullptr);
  EXPECT_EQ(info.format & SF_FORMAT_TYPEMASK, SF_FORMAT_RF64);
  EXPECT_EQ(info.frames, frames);
  short last = 0;
  EXPECT_EQ(sf_seek(in, frames - 1, SEEK_SET), frames - 1);
  EXPECT_EQ(sf_readf_short(in, &last, 1), 1);
  EXPECT_EQ(last, 12345);
  sf_close(in);
  NEEDS_PROGRAM("ffprobe");
  EXPECT_NEAR(std::stod(probe(file)["format"]["duration"].get<std::string>()), static_cast<double>(frames) / kRate, 1);
}

TEST_F(LargeFile, AStagedFileIsReadAndWrittenBehindFourGigabytes) {
  StagedFile file(out / ".staged", out / "x");
  file.seek(kFourGigabytes + 12345, SEEK_SET);
  file.write_all("end");
  EXPECT_EQ(file.bytes(), static_cast<std::uint64_t>(kFourGigabytes) + 12348);
  EXPECT_EQ(file.stream_length(), kFourGigabytes + 12348);
  file.seek(-3, SEEK_END);
  char text[4] = {};
  EXPECT_EQ(file.read(text, 3), 3);
  EXPECT_STREQ(text, "end");
  file.seek(0, SEEK_SET);
  file.write_all("begin");
  file.check();
  EXPECT_EQ(file.bytes(), static_cast<std::uint64_t>(kFourGigabytes) + 12348);
}

TEST_F(LargeFile, FlacCountsAsManySamplesAsAnyoneCanSpeak) {
  // STREAMINFO counts samples in 36 bits and a file has no size in it: 33 days at 24 kHz.
  EXPECT_GT((std::int64_t{1} << 36) / kRate / 3600, 700);
  EXPECT_EQ(sound_settings("flac", kRate, std::int64_t{1} << 35).format, SF_FORMAT_FLAC | SF_FORMAT_PCM_24);
}

}  // namespace
}  // namespace lectern::publish
