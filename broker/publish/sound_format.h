// What the encoder is told for each format that publisher.h offers.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "broker/publish/sound_writer.h"

namespace lectern::publish {

// Settings without tags for mono sound of that length. Throws Fault(bad_input) for an unknown format and for a sample
// rate that the format cannot hold.
SoundSettings sound_settings(const std::string& format, int sample_rate_hz, std::int64_t frames);

// Whether what is read back differs from what was written, and so may be louder.
bool is_lossy(const std::string& format);

// The encoder that these settings ask for, on the emptied `file`. All must outlive it. Throws Fault.
std::unique_ptr<Encoder> start_encoder(StagedFile& file, const SoundSettings& settings, const std::atomic<bool>& stop);

inline constexpr std::int64_t kCodecFrames = 4096;  // that the program ffmpeg may add at the end

// What such an encoder made. Throws Fault when it cannot be read.
SoundFacts read_back(const std::filesystem::path& file, const SoundSettings& settings, bool with_peak,
                     const std::atomic<bool>& stop);

}  // namespace lectern::publish
