// Mono samples -> a staged audio file, by libsndfile; every failed write of the disk is seen.
#pragma once

#include <sndfile.h>

#include <cstdint>
#include <span>
#include <string>

#include "broker/publish/id3_tag.h"
#include "broker/publish/staged_file.h"

namespace lectern::publish {

struct SoundSettings {
  int format = 0;                 // SF_FORMAT_...
  double compression_level = -1;  // as SFC_SET_COMPRESSION_LEVEL; below zero: the encoder's own
  int sample_rate_hz = 0;
  SoundTags tags;
};

class SoundWriter {
 public:
  // Starts an encoder on the emptied `file`, which must outlive it. Throws Fault.
  SoundWriter(StagedFile& file, const SoundSettings& settings);
  ~SoundWriter();
  SoundWriter(const SoundWriter&) = delete;
  SoundWriter& operator=(const SoundWriter&) = delete;

  void write(std::span<const float> samples);
  void write_silence(std::int64_t frames);
  // Ends the file: all bytes handed to the system, or Fault. Syncing is left to the StagedFile.
  void close();

 private:
  [[noreturn]] void fail(const std::string& doing);

  StagedFile& file_;
  SNDFILE* encoder_ = nullptr;
};

// What a file holds; throws Fault when it cannot be read.
struct SoundFacts {
  std::int64_t frames = 0;
  int sample_rate_hz = 0, channels = 0;
  double peak = 0;  // largest absolute sample, decoded; only when asked for
};
SoundFacts read_facts(const std::filesystem::path& file, bool with_peak);

}  // namespace lectern::publish
