#include "broker/publish/sound_writer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "broker/publish/id3_tag.h"
#include "broker/publish/vorbis_tags.h"

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

bool is(int format, int kind) { return (format & SF_FORMAT_TYPEMASK) == kind; }

}  // namespace

SoundWriter::SoundWriter(StagedFile& file, const SoundSettings& settings) : file_(file), settings_(settings) {
  file_.empty();
  // libsndfile hands LAME the bytes of a text as if they were Latin-1.
  if (is(settings.format, SF_FORMAT_MPEG)) file_.write_all(id3_tag(settings.tags));
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
  set_tags(settings.tags);
}

// A format without tags refuses them; that is no fault.
void SoundWriter::set_tags(const SoundTags& tags) {
  if (is(settings_.format, SF_FORMAT_MPEG)) return;
  if (is(settings_.format, SF_FORMAT_FLAC) || is(settings_.format, SF_FORMAT_OGG)) {
    const bool opus = (settings_.format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS;
    sf_set_string(encoder_, SF_STR_COMMENT, room_for_tags(tags, opus ? kMostOpusTags : std::string::npos).c_str());
    return;
  }
  const std::pair<int, std::string> texts[] = {
      {SF_STR_TITLE, tags.title},     {SF_STR_ARTIST, tags.author},          {SF_STR_ALBUM, tags.album},
      {SF_STR_DATE, tags.date},       {SF_STR_TRACKNUMBER, track_text(tags)}, {SF_STR_SOFTWARE, tags.software},
      {SF_STR_COMMENT, tags.comment}};
  for (const auto& [kind, text] : texts)
    if (!text.empty()) sf_set_string(encoder_, kind, text.c_str());
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

void SoundWriter::close() {
  const int error = sf_close(encoder_);
  encoder_ = nullptr;
  file_.check();
  if (error)
    throw Fault(Exit::internal, "cannot finish " + file_.destination().string() + ": " + sf_error_number(error));
  if (is(settings_.format, SF_FORMAT_FLAC)) write_flac_tags(file_, settings_.tags);
  if (is(settings_.format, SF_FORMAT_OGG)) write_ogg_tags(file_, settings_.tags);
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
