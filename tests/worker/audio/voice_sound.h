// Sounds for tests of recordings: something like a voice, and things that are none. Mono.
#pragma once

#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <vector>

#include "worker/audio/recording.h"

namespace lectern::audio {

using Samples = std::vector<float>;

// The same every time; in [-1, 1].
inline double noise(std::size_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  return static_cast<double>(static_cast<std::int64_t>(z ^ (z >> 27))) * 0x1p-63;
}

// A pulse of moving pitch in syllables, with a pause of 0.6 s at the end of every third second, over a little noise.
inline Samples voice(double seconds, int rate = 24000, double level = 0.3, double background = 0.0005) {
  Samples samples(static_cast<std::size_t>(seconds * rate));
  double phase = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / rate;
    phase += 120 * (1 + 0.2 * std::sin(2 * std::numbers::pi * 0.7 * t)) / rate;
    double pulse = 0;
    for (int harmonic = 1; harmonic <= 12; ++harmonic)
      pulse += std::sin(2 * std::numbers::pi * phase * harmonic) / (1 + 0.5 * harmonic);
    const double syllable = std::pow(std::sin(std::numbers::pi * std::fmod(t * 4, 1.0)), 2);
    const double speaks = std::fmod(t, 3.0) < 2.4 ? 1 : 0;
    samples[i] = static_cast<float>(level * 0.35 * pulse * syllable * speaks + background * noise(i));
  }
  return samples;
}

inline Samples tone(double seconds, int rate = 24000, double level = 0.3) {
  Samples samples(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(level * std::sin(2 * std::numbers::pi * 220 * static_cast<double>(i) / rate));
  return samples;
}

inline Samples hiss(double seconds, int rate = 24000, double level = 0.1) {
  Samples samples(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(level * noise(i));
  return samples;
}

inline Recording recording(const Samples& samples, int rate = 24000) {
  Recording made;
  made.samples = samples;
  made.rate_hz = rate;
  made.channels = 1;
  made.seconds = static_cast<double>(samples.size()) / rate;
  for (const float sample : samples) made.channel_power += static_cast<double>(sample) * sample;
  made.channel_power /= static_cast<double>(samples.size());
  return made;
}

// Interleaved samples of so many channels as a sound file of any kind.
inline void write_sound(const std::filesystem::path& file, const Samples& samples, int format, int rate = 24000,
                        int channels = 1) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* sound = sf_open(file.c_str(), SFM_WRITE, &info);
  sf_writef_float(sound, samples.data(), static_cast<sf_count_t>(samples.size()) / channels);
  sf_close(sound);
}

}  // namespace lectern::audio
