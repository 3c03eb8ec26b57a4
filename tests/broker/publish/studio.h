// A temporary folder with takes in it, and what a publishing test wants to say.
#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>
#include <stdlib.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "broker/publish/fault_point.h"
#include "broker/publish/publisher.h"
#include "broker/publish/take_file.h"
#include "config/fault.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;
using Samples = std::vector<float>;

inline constexpr int kRate = 24000;

inline std::string key_of(int number) { return sha256("take " + std::to_string(number)); }

inline Samples tone(double hz, double seconds, double amplitude = 0.5, int rate = kRate) {
  Samples samples(static_cast<std::size_t>(std::llround(seconds * rate)));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(amplitude * std::cos(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
  return samples;
}

inline Samples silence(double seconds, int rate = kRate) {
  return Samples(static_cast<std::size_t>(std::llround(seconds * rate)), 0.f);
}

inline Samples operator+(Samples left, const Samples& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// Share of a tone in the energy of the samples, 0 to 1.
inline double share_of(double hz, std::span<const float> samples, int rate = kRate) {
  double re = 0, im = 0, energy = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turn = 2 * std::numbers::pi * hz * static_cast<double>(i) / rate;
    re += samples[i] * std::cos(turn);
    im += samples[i] * std::sin(turn);
    energy += static_cast<double>(samples[i]) * samples[i];
  }
  return energy == 0 ? 0 : 2 * (re * re + im * im) / (static_cast<double>(samples.size()) * energy);
}

inline double peak_of(std::span<const float> samples) {
  double peak = 0;
  for (float sample : samples) peak = std::max(peak, std::abs(static_cast<double>(sample)));
  return peak;
}

struct Sound {
  SF_INFO info{};
  Samples samples;
  std::string title, software, comment;
};

inline Sound read_sound(const fs::path& file) {
  Sound sound;
  SNDFILE* in = sf_open(file.c_str(), SFM_READ, &sound.info);
  if (!in) throw std::runtime_error(file.string() + ": " + sf_strerror(nullptr));
  sound.samples.resize(static_cast<std::size_t>(sound.info.frames * sound.info.channels));
  sound.samples.resize(static_cast<std::size_t>(sf_readf_float(in, sound.samples.data(), sound.info.frames)));
  const auto tag = [in](int kind) {
    const char* text = sf_get_string(in, kind);
    return std::string(text ? text : "");
  };
  sound.title = tag(SF_STR_TITLE);
  sound.software = tag(SF_STR_SOFTWARE);
  sound.comment = tag(SF_STR_COMMENT);
  sf_close(in);
  return sound;
}

inline std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

inline nlohmann::json read_json(const fs::path& file) { return nlohmann::json::parse(read_text(file)); }

class Studio : public testing::Test {
 protected:
  Studio() {
    std::string name = (fs::temp_directory_path() / "lectern-publish-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    root = name;
    takes = root / "takes";
    out = root / "out";
    fs::create_directory(out);
  }
  ~Studio() override {
    fault_hooks = {};
    fs::remove_all(root);
  }

  // Three segments, tones of 400, 800 and 1200 Hz with silence around, after a sentence, a paragraph, the end.
  PublishRequest three_tones(const std::string& format = "flac") {
    PublishRequest request = empty_request(format);
    const text::Break breaks[] = {text::Break::sentence, text::Break::paragraph, text::Break::end};
    for (int i = 0; i < 3; ++i)
      add(request, silence(0.2) + tone(400 * (i + 1), 0.5 + 0.1 * i) + silence(0.3), breaks[i]);
    return request;
  }

  PublishRequest empty_request(const std::string& format = "flac") {
    PublishRequest request;
    request.job_id = "job-1";
    request.takes = takes;
    request.target = out / ("story" + find_format(format)->extension);
    request.format = format;
    return request;
  }

  void add(PublishRequest& request, const Samples& samples, text::Break after, int rate = kRate) {
    const int number = static_cast<int>(request.segments.size());
    PublishedSegment segment;
    segment.index = request.segments.size();
    segment.begin = request.segments.size() * 10;
    segment.end = segment.begin + 9;
    segment.spoken = "Sentence " + std::to_string(number) + ".";
    segment.after = after;
    segment.take_key = key_of(number);
    segment.seed = 18446744073709551615u - static_cast<unsigned>(number);
    write_take(takes, segment.take_key, samples, rate);
    request.segments.push_back(segment);
  }

  Published run(const PublishRequest& request) { return publish(request, no_stop, {}); }

  // Names in the output folder, hidden ones too.
  std::set<std::string> standing() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(out)) names.insert(entry.path().filename().string());
    return names;
  }

  fs::path root, takes, out;
  std::atomic<bool> no_stop{false};
};

// Runs the code and returns the Fault that it must throw.
template <typename Code>
Fault fault_of(Code code) {
  try {
    code();
  } catch (const Fault& fault) {
    return fault;
  }
  ADD_FAILURE() << "no fault was thrown";
  return {Exit::done, ""};
}

}  // namespace lectern::publish
