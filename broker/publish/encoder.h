// Mono samples -> one audio file, whatever encodes it.
#pragma once

#include <cstdint>
#include <span>

namespace lectern::publish {

class Encoder {
 public:
  Encoder() = default;
  virtual ~Encoder() = default;  // without close(): gives up
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  virtual void write(std::span<const float> samples) = 0;
  // Ends the file: all bytes handed to the system, or Fault. Syncing is left to the StagedFile.
  virtual void close() = 0;
};

// What a finished file holds.
struct SoundFacts {
  std::int64_t frames = 0;
  int sample_rate_hz = 0, channels = 0;
  double peak = 0;  // largest absolute sample, decoded; only when asked for
};

}  // namespace lectern::publish
