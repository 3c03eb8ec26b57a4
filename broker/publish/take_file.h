// A take on disk: takes/ab/HASH.flac, 24 bit, mono, the model's sample rate. Written aside, synced, renamed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lectern::publish {

// The place of a take under the takes folder. `key` is 64 hexadecimal digits.
std::filesystem::path take_path(const std::filesystem::path& takes, const std::string& key);

// Why samples cannot be a take ("no samples", "not a number at 12", "silent"), empty when they can. A take must hold
// sound: a peak above -60 dBFS.
std::string reject_take(std::span<const float> samples, int sample_rate_hz);

// Writes the take whole or not at all: temporary name in the same folder, fsync, rename, fsync of the folder. Samples
// beyond [-1, 1] are limited. Returns the file's size in bytes. Throws Fault (no_space when the disk is full) and
// leaves nothing behind then.
std::uint64_t write_take(const std::filesystem::path& takes, const std::string& key, std::span<const float> samples,
                         int sample_rate_hz);

struct TakeAudio {
  std::vector<float> samples;  // mono
  int sample_rate_hz = 0;
};
// Throws Fault when the file is missing or damaged.
TakeAudio read_take(const std::filesystem::path& takes, const std::string& key);

}  // namespace lectern::publish
