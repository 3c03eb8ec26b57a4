// Publishes a simulated two-hour job and prints speed and the growth of memory, one line a format:
//   publish_bench [hours] [format[/loudness]...]     loudness: audiobook unless it is said
// Takes are speech-like: bursts of harmonics and hiss with gaps, not tones, so that codecs have work to do.
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "broker/publish/publisher.h"
#include "broker/publish/take_file.h"
#include "config/fault.h"
#include "config/sha256.h"

namespace {

using namespace lectern;
namespace fs = std::filesystem;

constexpr int kRate = 24000, kTakes = 40;

std::vector<float> speech_like(double seconds, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> noise(-1, 1);
  std::vector<float> samples(static_cast<std::size_t>(seconds * kRate));
  double phase = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    phase += 2 * std::numbers::pi * (120 + 30 * std::sin(2.1 * t + seed)) / kRate;
    const double syllable = std::max(0.0, std::sin(2 * std::numbers::pi * 4 * t));
    double voice = 0;
    for (int harmonic = 1; harmonic <= 12; ++harmonic) voice += std::sin(harmonic * phase) / harmonic;
    samples[i] = static_cast<float>(0.25 * syllable * voice) + 0.03f * noise(random) * static_cast<float>(1 - syllable);
  }
  return samples;
}

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * time.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(publish::PublishRequest request, const std::string& wish, const fs::path& folder) {
  const std::string format = wish.substr(0, wish.find('/'));
  request.format = format;
  request.delivery.loudness = format == wish ? "audiobook" : wish.substr(format.size() + 1);
  request.target = folder / ("book" + publish::find_format(format)->extension);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child != 0) {
    ::waitpid(child, nullptr, 0);
    return;
  }
  std::atomic<bool> stop{false};
  const std::size_t segments = request.segments.size();
  publish::PublishRequest few = request;
  few.segments.resize(std::min<std::size_t>(kTakes, few.segments.size()));
  few.target = folder / ("few" + request.target.extension().string());
  publish::publish(few, stop);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto start = std::chrono::steady_clock::now();
  const publish::Published done = publish::publish(request, stop);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  ::getrusage(RUSAGE_SELF, &after);
  const double cpu = cpu_seconds(after) - cpu_seconds(before);
  std::printf(
      "%-14s %5zu segments %7.1f s audio %8.1f MB %4.0f kbit/s  wall %6.2f s  cpu %6.2f s  %6.0f x real time per"
      " core  peak RSS %5.1f MB, +%.1f MB over %d segments\n",
      wish.c_str(), segments, done.seconds, static_cast<double>(done.bytes) / 1e6,
      static_cast<double>(done.bytes) * 8e-3 / done.seconds, wall.count(), cpu, done.seconds / cpu,
      static_cast<double>(after.ru_maxrss) / 1024, static_cast<double>(after.ru_maxrss - before.ru_maxrss) / 1024,
      kTakes);
  std::fflush(stdout);
  ::_exit(0);
}

int bench(int argc, char** argv) {
  const double hours = argc > 1 ? std::atof(argv[1]) : 2;
  std::string name = (fs::temp_directory_path() / "lectern-bench-XXXXXX").string();
  if (!::mkdtemp(name.data())) return 1;
  publish::PublishRequest request;
  request.job_id = "bench";
  request.takes = fs::path(name) / "takes";
  const double take_seconds = 6;
  for (unsigned i = 0; i < kTakes; ++i)
    publish::write_take(request.takes, sha256(std::to_string(i)), speech_like(take_seconds, i), kRate);
  const auto count = static_cast<std::size_t>(hours * 3600 / (take_seconds + request.pauses.sentence)) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    publish::PublishedSegment segment;
    segment.index = i;
    segment.begin = 90 * i;
    segment.end = 90 * i + 89;
    segment.spoken = "It was a dark and stormy night; the rain fell in torrents, except at occasional intervals.";
    segment.take_key = sha256(std::to_string(i % kTakes));
    request.segments.push_back(segment);
  }
  std::vector<std::string> formats(argv + std::min(argc, 2), argv + argc);
  if (formats.empty()) formats = {"flac"};
  for (const std::string& format : formats) measure(request, format, name);
  fs::remove_all(name);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lectern::run_main(bench, argc, argv); }
