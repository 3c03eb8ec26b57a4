// Audio that libsndfile does not read (M4A, WebM, ...), by way of the program ffmpeg.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "worker/audio/recording.h"

namespace lectern::audio {

// A WAV in the temporary folder, gone with the object.
class ConvertedAudio {
 public:
  ConvertedAudio(std::filesystem::path folder, std::string kind) : folder_(std::move(folder)), kind_(std::move(kind)) {}
  ~ConvertedAudio();
  ConvertedAudio(ConvertedAudio&& other) noexcept : folder_(std::exchange(other.folder_, {})), kind_(other.kind_) {}
  std::filesystem::path wav() const { return folder_ / "audio.wav"; }
  const std::string& kind() const { return kind_; }

 private:
  std::filesystem::path folder_;
  std::string kind_;
};

// nullopt: ffmpeg cannot read it either, or it is missing and nothing speaks for audio. Throws Fault(bad_input) when
// the file is one that ffmpeg would read and there is no ffmpeg. The network is never touched, whatever a file asks.
std::optional<ConvertedAudio> convert_foreign(const std::filesystem::path& file, const std::optional<Part>& part);

}  // namespace lectern::audio
