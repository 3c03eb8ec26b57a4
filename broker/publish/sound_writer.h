// Mono samples -> a staged audio file, by libsndfile; every failed write of the disk is seen.
#pragma once

#include <sndfile.h>

#include <cstdint>
#include <span>
#include <string>

#include "broker/publish/encoder.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/tags.h"

namespace lectern::publish {

struct SoundSettings {
  int format = 0;                 // SF_FORMAT_...; 0: M4B, which ffmpeg makes
  double compression_level = -1;  // as SFC_SET_COMPRESSION_LEVEL; below zero: the encoder's own
  int sample_rate_hz = 0;
  SoundTags tags;
};

class SoundWriter : public Encoder {
 public:
  // Starts an encoder on the emptied `file`, which must outlive it. Throws Fault.
  SoundWriter(StagedFile& file, const SoundSettings& settings);
  ~SoundWriter() override;

  void write(std::span<const float> samples) override;
  void close() override;

 private:
  [[noreturn]] void fail(const std::string& doing);

  void set_tags(const SoundTags& tags);

  StagedFile& file_;
  const SoundSettings settings_;
  SNDFILE* encoder_ = nullptr;
};

// Throws Fault when the file cannot be read.
SoundFacts read_facts(const std::filesystem::path& file, bool with_peak);

}  // namespace lectern::publish
