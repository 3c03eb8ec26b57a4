// What the encoder is told for each format that publisher.h offers.
#pragma once

#include <cstdint>
#include <string>

#include "broker/publish/sound_writer.h"

namespace lectern::publish {

// Settings without tags for mono sound of that length. Throws Fault(bad_input) for an unknown format and for a sample
// rate that the format cannot hold.
SoundSettings sound_settings(const std::string& format, int sample_rate_hz, std::int64_t frames);

// Whether what is read back differs from what was written, and so may be louder.
bool is_lossy(const std::string& format);

}  // namespace lectern::publish
