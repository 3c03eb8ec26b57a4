// The voices of a model folder: voices/NAME.bin, each a table of 510 styles of 256 numbers, and blends of them
// (config/voice_blend.h). Thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace lectern::kokoro {

// The language in which a voice speaks, as espeak-ng calls it, from the first letter of its name. Throws Fault with the
// reason for voices whose language cannot be served (Japanese and Mandarin). A blend speaks the language of the voice
// that counts most in it.
std::string language_of(const std::string& voice);

class Voices {
 public:
  Voices(std::filesystem::path folder, c10::Device device) : folder_(std::move(folder)), device_(device) {}

  // The style for a piece of `phonemes` symbols: [1, 256], the vocoder's 128 numbers, then the prosody's. Throws Fault
  // for an unknown voice and for a damaged file.
  at::Tensor style(const std::string& voice, std::size_t phonemes);

 private:
  const at::Tensor& table(const std::string& voice);  // the lock is held
  at::Tensor read(const std::string& voice) const;

  std::filesystem::path folder_;
  c10::Device device_;
  std::mutex lock_;
  std::map<std::string, at::Tensor> tables_;  // [510, 256]; entries stay where they are
};

}  // namespace lectern::kokoro
