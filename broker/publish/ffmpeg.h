// What only the program ffmpeg makes: M4B (AAC with chapters, cover and tags). Samples reach it through a socket, so no
// file of them lies anywhere; it writes into the staged file. It ends with us: when we give up or die it is killed.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "broker/publish/encoder.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/tags.h"

namespace lectern::publish {

// The program's path; throws Fault(bad_input) with the mend when there is none on PATH.
std::filesystem::path find_ffmpeg();

class FfmpegRun;  // one process of it

class FfmpegWriter : public Encoder {
 public:
  // `stop` ends it early with Fault(internal, "stopped"). Both must outlive it. Throws Fault.
  FfmpegWriter(StagedFile& file, int sample_rate_hz, const SoundTags& tags, const std::atomic<bool>& stop);
  ~FfmpegWriter() override;

  void write(std::span<const float> samples) override;
  void close() override;

 private:
  StagedFile& file_;
  std::unique_ptr<FfmpegRun> run_;
};

// All of a file decoded by ffmpeg, which proves that it is whole. Throws Fault.
SoundFacts decode_with_ffmpeg(const std::filesystem::path& file, int sample_rate_hz, const std::atomic<bool>& stop);

// The description of tags and chapters that ffmpeg reads.
std::string ffmpeg_metadata(const SoundTags& tags);

}  // namespace lectern::publish
