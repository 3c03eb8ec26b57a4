#include "broker/publish/sound_writer.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lectern::publish {

namespace {

constexpr std::size_t kChunkFrames = 8192;  // libvorbis keeps a whole write on the stack

sf_count_t vio_length(void* user) { return static_cast<StagedFile*>(user)->stream_length(); }
sf_count_t vio_seek(sf_count_t offset, int whence, void* user) {
  return static_cast<StagedFile*>(user)->seek(offset, whence);
}
sf_count_t vio_read(void* to, sf_count_t bytes, void* user) { return static_cast<StagedFile*>(user)->read(to, bytes); }
sf_count_t vio_write(const void* from, sf_count_t bytes, void* user) {
  return static_cast<StagedFile*>(user)->write(from, bytes);
}
sf_count_t vio_tell(void* user) { return static_cast<StagedFile*>(user)->position(); }
SF_VIRTUAL_IO staged_io = {vio_length, vio_seek, vio_read, vio_write, vio_tell};

bool is_mp3(int format) { return (format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG; }

void set_tag(SNDFILE* encoder, int kind, const std::string& text) {
  if (!text.empty()) sf_set_string(encoder, kind, text.c_str());  // a format without tags refuses; that is no fault
}

}  // namespace

SoundWriter::SoundWriter(StagedFile& file, const SoundSettings& settings) : file_(file) {
  file_.empty();
  // libsndfile hands LAME the bytes of a text as if they were Latin-1.
  if (is_mp3(settings.format)) file_.write_all(id3_tag(settings.tags));
  file_.begin_stream();
  SF_INFO info{};
  info.samplerate = settings.sample_rate_hz;
  info.channels = 1;
  info.format = settings.format;
  encoder_ = sf_open_virtual(&staged_io, SFM_WRITE, &info, &file_);
  if (!encoder_) fail("start");
  sf_command(encoder_, SFC_SET_CLIPPING, nullptr, SF_TRUE);  // full scale is 2^(bits-1), as readers assume
  double level = settings.compression_level;
  if (level >= 0) sf_command(encoder_, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
  if (is_mp3(settings.format)) return;
  set_tag(encoder_, SF_STR_TITLE, settings.tags.title);
  set_tag(encoder_, SF_STR_SOFTWARE, settings.tags.software);
  set_tag(encoder_, SF_STR_COMMENT, settings.tags.comment);
}

SoundWriter::~SoundWriter() {
  if (encoder_) sf_close(encoder_);
}

void SoundWriter::fail(const std::string& doing) {
  file_.check();
  throw Fault(Exit::internal,
              "cannot " + doing + " encoding " + file_.destination().string() + ": " + sf_strerror(encoder_));
}

void SoundWriter::write(std::span<const float> samples) {
  while (!samples.empty()) {
    const auto chunk = samples.first(std::min(samples.size(), kChunkFrames));
    const auto done = sf_writef_float(encoder_, chunk.data(), static_cast<sf_count_t>(chunk.size()));
    if (done != static_cast<sf_count_t>(chunk.size()) || sf_error(encoder_) || file_.error()) fail("go on");
    samples = samples.subspan(chunk.size());
  }
}

void SoundWriter::write_silence(std::int64_t frames) {
  static const std::vector<float> zeros(kChunkFrames, 0.f);
  for (; frames > 0; frames -= static_cast<std::int64_t>(kChunkFrames))
    write(std::span(zeros).first(std::min(kChunkFrames, static_cast<std::size_t>(frames))));
}

void SoundWriter::close() {
  const int error = sf_close(encoder_);
  encoder_ = nullptr;
  file_.check();
  if (error)
    throw Fault(Exit::internal, "cannot finish " + file_.destination().string() + ": " + sf_error_number(error));
}

SoundFacts read_facts(const std::filesystem::path& file, bool with_peak) {
  SF_INFO info{};
  SNDFILE* sound = sf_open(file.c_str(), SFM_READ, &info);
  if (!sound) throw Fault(Exit::internal, "cannot read back " + file.string() + ": " + sf_strerror(nullptr));
  SoundFacts facts{info.frames, info.samplerate, info.channels};
  std::vector<float> buffer(with_peak ? kChunkFrames * static_cast<std::size_t>(info.channels) : 0);
  while (with_peak) {
    const auto got = sf_readf_float(sound, buffer.data(), kChunkFrames);
    if (got <= 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got * info.channels); ++i)
      facts.peak = std::max(facts.peak, std::abs(static_cast<double>(buffer[i])));
  }
  sf_close(sound);
  return facts;
}

}  // namespace lectern::publish
