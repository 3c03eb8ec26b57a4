#include "broker/publish/sound_format.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "broker/publish/ffmpeg.h"
#include "broker/publish/publisher.h"

namespace lectern::publish {

namespace {

constexpr std::int64_t kWavBytes = 0xFFFFFFFF - (1 << 20);  // of sound; RIFF counts bytes in 32 bits, tags included

struct Encoding {
  AudioFormat format;
  int sndfile = 0;
  double compression_level = -1;
  bool lossy = false;
  std::vector<int> rates;  // that the format can hold; empty: any
};

const std::vector<Encoding>& encodings() {
  static const std::vector<Encoding> all = {
      {{"wav", ".wav", "WAV, 16 bit"}, SF_FORMAT_WAV | SF_FORMAT_PCM_16, -1, false, {}},
      {{"flac", ".flac", "FLAC, 24 bit"}, SF_FORMAT_FLAC | SF_FORMAT_PCM_24, -1, false, {}},
      {{"ogg", ".ogg", "Ogg Vorbis"}, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.5, true, {}},
      {{"opus", ".opus", "Ogg Opus"}, SF_FORMAT_OGG | SF_FORMAT_OPUS, -1, true, {8000, 12000, 16000, 24000, 48000}},
      {{"mp3", ".mp3", "MP3, variable bit rate"},
       SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
       0.2,
       true,
       {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}},
      {{"m4b", ".m4b", "M4B (AAC), by ffmpeg"},
       0,
       -1,
       true,
       {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}},
  };
  return all;
}

const Encoding& find_encoding(const std::string& format) {
  std::string known;
  for (const auto& encoding : encodings()) {
    if (encoding.format.name == format) return encoding;
    known += (known.empty() ? "" : ", ") + encoding.format.name;
  }
  throw Fault(Exit::bad_input, "there is no audio format '" + format + "'", "use one of: " + known);
}

std::string formats_with(int sample_rate_hz) {
  std::string names;
  for (const auto& encoding : encodings())
    if (encoding.rates.empty() || std::ranges::count(encoding.rates, sample_rate_hz))
      names += (names.empty() ? "" : ", ") + encoding.format.name;
  return names;
}

}  // namespace

const std::vector<AudioFormat>& audio_formats() {
  static const std::vector<AudioFormat> all = [] {
    std::vector<AudioFormat> formats;
    for (const auto& encoding : encodings()) formats.push_back(encoding.format);
    return formats;
  }();
  return all;
}

const AudioFormat* find_format(const std::string& name) {
  const auto found = std::ranges::find(audio_formats(), name, &AudioFormat::name);
  return found == audio_formats().end() ? nullptr : &*found;
}

SoundSettings sound_settings(const std::string& format, int sample_rate_hz, std::int64_t frames) {
  const Encoding& encoding = find_encoding(format);
  if (sample_rate_hz != 0 && !encoding.rates.empty() && !std::ranges::count(encoding.rates, sample_rate_hz))
    throw Fault(Exit::bad_input, encoding.format.description + " cannot hold " + std::to_string(sample_rate_hz) + " Hz",
                "use one of: " + formats_with(sample_rate_hz));
  SoundSettings settings;
  settings.format = encoding.sndfile;
  settings.compression_level = encoding.compression_level;
  settings.sample_rate_hz = sample_rate_hz;
  if (format == "wav" && frames * 2 > kWavBytes) settings.format = SF_FORMAT_RF64 | SF_FORMAT_PCM_16;
  return settings;
}

bool is_lossy(const std::string& format) { return find_encoding(format).lossy; }

std::unique_ptr<Encoder> start_encoder(StagedFile& file, const SoundSettings& settings, const std::atomic<bool>& stop) {
  if (settings.format == 0) return std::make_unique<FfmpegWriter>(file, settings.sample_rate_hz, settings.tags, stop);
  return std::make_unique<SoundWriter>(file, settings);
}

SoundFacts read_back(const std::filesystem::path& file, const SoundSettings& settings, bool with_peak,
                     const std::atomic<bool>& stop) {
  if (settings.format == 0) return decode_with_ffmpeg(file, settings.sample_rate_hz, stop);
  return read_facts(file, with_peak);
}

void require_format(const std::string& format, int sample_rate_hz) {
  sound_settings(format, sample_rate_hz, 0);
  if (find_encoding(format).sndfile == 0) find_ffmpeg();
}

}  // namespace lectern::publish
