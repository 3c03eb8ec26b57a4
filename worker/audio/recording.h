// Recordings as people have them: WAV, FLAC, OGG, Opus, MP3, AIFF through libsndfile, M4A and other kinds through the
// program ffmpeg when it is there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lectern::audio {

// A part of a recording, in seconds; without a length: to its end.
struct Part {
  double start_s = 0;
  std::optional<double> length_s;
};

struct Recording {
  std::vector<float> samples;  // mono: the mean of the channels; about [-1, 1], all finite
  int rate_hz = 0;
  int channels = 0;
  double channel_power = 0;  // mean square of all channels, which the mean of channels that cancel each other lacks
  double seconds = 0;        // of the whole file, whatever part was read
  std::string kind;          // "WAV", "MP3", ...
};

// Longer ones are read only in part.
inline constexpr double kLongestSeconds = 1800;

// Reads a file, or a part of it. Throws Fault(not_found) "voice file not found", and Fault(bad_input) naming the file
// when it is not audio, is damaged, is too long to be read whole, or ends before the part begins.
Recording read_recording(const std::filesystem::path& file, const std::optional<Part>& part = std::nullopt);

// Mono samples as FLAC of 24 bits. Throws Fault naming the file.
void write_flac(const std::filesystem::path& file, const std::vector<float>& samples, int rate_hz);

}  // namespace lectern::audio
