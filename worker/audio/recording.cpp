#include "worker/audio/recording.h"

#include <fmt/core.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "config/fault.h"
#include "worker/audio/foreign_audio.h"

namespace lectern::audio {

namespace {

namespace fs = std::filesystem;

constexpr int kSlowestRate = 8000, kMostChannels = 64;
constexpr sf_count_t kBlock = 65536;
constexpr double kMissingShare = 0.05;  // of the frames that a header announces; MP3 only estimates

using Sound = std::unique_ptr<SNDFILE, int (*)(SNDFILE*)>;

[[noreturn]] void refuse(const fs::path& file, const std::string& what, const std::string& hint) {
  throw Fault(Exit::bad_input, "voice file " + file.string() + " " + what, hint);
}

std::string kind_of(int format) {
  SF_FORMAT_INFO info{};
  info.format = format & SF_FORMAT_TYPEMASK;
  if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0 || info.name == nullptr) return "audio";
  const std::string name = info.name;
  return name.substr(0, name.find(' '));
}

void check_there(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (!fs::exists(status)) {
    throw Fault(Exit::not_found, "voice file not found: " + file.string(), "give the path of a recording");
  }
  if (!fs::is_regular_file(status)) refuse(file, "is not a file", "give the path of a recording");
  if (fs::file_size(file, error) == 0 && !error) refuse(file, "is empty", "give another recording");
}

void check_header(const fs::path& file, const SF_INFO& info) {
  if (info.samplerate < kSlowestRate) {
    refuse(file, fmt::format("has a sample rate of {} Hz", info.samplerate), "record with 16000 Hz or more");
  }
  if (info.channels < 1 || info.channels > kMostChannels) {
    refuse(file, fmt::format("has {} channels", info.channels), "record with one channel");
  }
}

// Frames to be read: first and number.
std::pair<sf_count_t, sf_count_t> frames_of(const fs::path& file, const SF_INFO& info,
                                            const std::optional<Part>& part) {
  const double seconds = static_cast<double>(info.frames) / info.samplerate;
  const double longest = kLongestSeconds * info.samplerate;
  if (!part) {
    if (static_cast<double>(info.frames) > longest) {
      refuse(file, fmt::format("is {:.0f} minutes long", seconds / 60),
             "name the part to use, of 10 to 15 s: --start SECONDS --length SECONDS");
    }
    return {0, info.frames};
  }
  const auto first = static_cast<sf_count_t>(std::llround(part->start_s * info.samplerate));
  if (first >= info.frames) {
    refuse(file, fmt::format("ends after {:.1f} s, before the part that begins at {:.1f} s", seconds, part->start_s),
           "give another --start");
  }
  const double wished = part->length_s.value_or(kLongestSeconds) * info.samplerate;
  return {first, std::min(info.frames - first, static_cast<sf_count_t>(std::llround(std::min(wished, longest))))};
}

void read_frames(SNDFILE* sound, const SF_INFO& info, sf_count_t wanted, Recording& recording) {
  std::vector<float> block(static_cast<std::size_t>(kBlock * info.channels));
  double power = 0;
  while (wanted > 0) {
    const sf_count_t got = sf_readf_float(sound, block.data(), std::min(wanted, kBlock));
    if (got <= 0) break;
    wanted -= got;
    for (sf_count_t frame = 0; frame < got; ++frame) {
      double sum = 0;
      for (int channel = 0; channel < info.channels; ++channel) {
        const double sample = block[static_cast<std::size_t>(frame * info.channels + channel)];
        sum += sample;
        power += sample * sample;
      }
      recording.samples.push_back(static_cast<float>(sum / info.channels));
    }
  }
  const auto count = static_cast<double>(recording.samples.size()) * info.channels;
  recording.channel_power = count > 0 ? power / count : 0;
}

Recording read_sound(const fs::path& file, SNDFILE* sound, const SF_INFO& info, const std::optional<Part>& part) {
  check_header(file, info);
  Recording recording;
  recording.rate_hz = info.samplerate;
  recording.channels = info.channels;
  recording.seconds = static_cast<double>(info.frames) / info.samplerate;
  recording.kind = kind_of(info.format);
  const auto [first, count] = frames_of(file, info, part);
  const char* mend = "give another copy of it";
  if (first > 0 && sf_seek(sound, first, SEEK_SET) != first)
    refuse(file, "is damaged: its parts cannot be found", mend);
  recording.samples.reserve(static_cast<std::size_t>(count));
  read_frames(sound, info, count, recording);
  const auto got = static_cast<double>(recording.samples.size());
  if (got < (1 - kMissingShare) * static_cast<double>(count)) {
    refuse(file,
           fmt::format("is damaged: of {:.1f} s only {:.1f} s can be read",
                       static_cast<double>(count) / info.samplerate, got / info.samplerate),
           mend);
  }
  if (!std::isfinite(recording.channel_power)) refuse(file, "holds samples that are not numbers", mend);
  return recording;
}

}  // namespace

Recording read_recording(const fs::path& file, const std::optional<Part>& part) {
  check_there(file);
  SF_INFO info{};
  Sound sound(sf_open(file.c_str(), SFM_READ, &info), &sf_close);
  if (sound) return read_sound(file, sound.get(), info, part);
  const auto converted = convert_foreign(file, part);
  if (!converted) refuse(file, "is not audio that can be read", "use WAV, FLAC, OGG or MP3");
  info = {};
  sound.reset(sf_open(converted->wav().c_str(), SFM_READ, &info));
  if (!sound) refuse(file, "is not audio that can be read", "use WAV, FLAC, OGG or MP3");
  Recording recording = read_sound(file, sound.get(), info, part ? std::optional(Part{0, part->length_s}) : part);
  recording.kind = converted->kind();
  return recording;
}

void write_flac(const fs::path& file, const std::vector<float>& samples, int rate_hz) {
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = 1;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_24;
  const Sound sound(sf_open(file.c_str(), SFM_WRITE, &info), &sf_close);
  const auto count = static_cast<sf_count_t>(samples.size());
  if (!sound) throw Fault(Exit::bad_input, "cannot write " + file.string() + ": " + sf_strerror(nullptr));
  sf_command(sound.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  if (sf_writef_float(sound.get(), samples.data(), count) != count) {
    throw Fault(Exit::no_space, "cannot write " + file.string() + ": " + sf_strerror(sound.get()));
  }
}

}  // namespace lectern::audio
