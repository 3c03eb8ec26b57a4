#include "worker/sine/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <numbers>
#include <thread>

#include "config/fault.h"
#include "worker/sine/faults.h"

namespace lectern::sine {
namespace {

constexpr double kSyllable_s = 0.2;  // at speed 1

struct Voice {
  const char* name;
  double pitch_hz;
};
constexpr Voice kVoices[] = {{"low", 220}, {"middle", 440}, {"high", 880}};

double pitch_of(const std::string& voice) {
  for (const Voice& known : kVoices)
    if (voice == known.name) return known.pitch_hz;
  throw SpeechFailure{false, "the model 'sine' has no voice '" + voice + "'; it has low, middle and high"};
}

double number_from_environment(const char* variable, double fallback, double low, double high) {
  const char* value = std::getenv(variable);
  if (!value || !*value) return fallback;
  char* end = nullptr;
  const double number = std::strtod(value, &end);
  if (*end || !(number >= low && number <= high))
    throw Fault(Exit::bad_input, std::string(variable) + " cannot be '" + value + "'",
                "use a number from " + std::to_string(low) + " to " + std::to_string(high));
  return number;
}

std::size_t code_points(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

double speech_s(const SpeechRequest& request) {
  return static_cast<double>(code_points(request.text)) / (kCharactersPerSecond * request.speed);
}

// FNV-1a, and one step of splitmix64: fixed for ever, since takes are stored under what shaped them.
std::uint64_t hash(const std::string& text, std::uint64_t seed) {
  std::uint64_t h = 14695981039346656037ull ^ seed;
  for (unsigned char c : text) h = (h ^ c) * 1099511628211ull;
  return h;
}

double random_step(std::uint64_t& state) {  // [0, 1)
  std::uint64_t z = state += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

class SineEngine : public Engine {
 public:
  explicit SineEngine(int most_lanes)
      : lanes_(static_cast<int>(number_from_environment("LECTERN_SINE_LANES", 2, 1, 64))),
        speed_(number_from_environment("LECTERN_SINE_SPEED", 0, 0, 1e6)),
        faults_(number_from_environment("LECTERN_SINE_FAULTS", 0, 0, 1) == 1) {
    if (most_lanes > 0) lanes_ = std::min(lanes_, most_lanes);
    faults_.load(lanes_);
  }

  EngineFacts facts() const override { return {"sine", kRevision, kSampleRate, lanes_}; }

  // Lanes end when the host has no more. When one of them throws, the others stand in host.next() or in a hang and
  // cannot be joined: they are left behind, and the process, which is about to end, keeps host and engine until then.
  void run(SpeechHost& host) override {
    running_ = lanes_;
    std::vector<std::thread> threads;
    for (int i = 0; i < lanes_; ++i) threads.emplace_back([this, &host] { lane(host); });
    {
      std::unique_lock guard(lock_);
      lane_ended_.wait(guard, [&] { return running_ == 0 || escaped_; });
    }
    for (std::thread& thread : threads) escaped_ ? thread.detach() : thread.join();
    if (escaped_) std::rethrow_exception(escaped_);
  }

 private:
  void lane(SpeechHost& host) {
    std::exception_ptr escaped;
    try {
      while (auto request = host.next()) answer(host, *request);
    } catch (...) {
      escaped = std::current_exception();
    }
    std::lock_guard guard(lock_);
    --running_;
    if (escaped && !escaped_) escaped_ = escaped;
    lane_ended_.notify_all();
  }

  void answer(SpeechHost& host, const SpeechRequest& request) {
    try {
      faults_.before(request);
      if (!compute(host, request)) return;
      Speech speech{tones(request, pitch_of(request.voice)), kSampleRate, {{"tones", code_points(request.text)}}};
      faults_.after(request, speech);
      host.spoken(request.ticket, std::move(speech));
    } catch (const SpeechFailure& failure) {
      host.failed(request.ticket, failure);
    }
  }

  // Takes as long as a network would that speaks at `speed_` times real time, syllable by syllable. false: cancelled.
  bool compute(SpeechHost& host, const SpeechRequest& request) const {
    using namespace std::chrono;
    const auto begin = steady_clock::now();
    const double whole = speed_ > 0 ? speech_s(request) / speed_ : 0;
    const double stage = std::min(0.1, kSyllable_s / std::max(speed_, 0.01));
    for (double done = 0; done < whole; done += stage) {
      if (host.cancelled(request.ticket)) return false;
      std::this_thread::sleep_until(begin +
                                    duration_cast<nanoseconds>(duration<double>(std::min(whole, done + stage))));
    }
    return !host.cancelled(request.ticket);
  }

  int lanes_;
  double speed_;
  Faults faults_;
  std::mutex lock_;
  std::condition_variable lane_ended_;
  int running_ = 0;
  std::exception_ptr escaped_;
};

}  // namespace

std::vector<float> tones(const SpeechRequest& request, double pitch_hz) {
  const auto silence = static_cast<std::size_t>(kSilence_s * kSampleRate);
  const auto length = static_cast<std::size_t>(std::llround(speech_s(request) * kSampleRate));
  const auto syllable = static_cast<std::size_t>(kSyllable_s / request.speed * kSampleRate);
  std::vector<float> samples(length + 2 * silence, 0.0f);
  std::uint64_t state = hash(request.text, request.seed);
  for (std::size_t begin = 0; begin < length; begin += syllable) {
    const std::size_t count = std::min(syllable, length - begin);
    const double loudness = 0.2 + 0.4 * random_step(state);
    const double step = 2 * std::numbers::pi * pitch_hz * (0.95 + 0.1 * random_step(state)) / kSampleRate;
    for (std::size_t i = 0; i < count; ++i) {
      const double envelope = std::sin(std::numbers::pi * (i + 0.5) / count);
      samples[silence + begin + i] = static_cast<float>(loudness * envelope * std::sin(step * i));
    }
  }
  return samples;
}

std::unique_ptr<Engine> make_engine(const EngineOptions& options) {
  return std::make_unique<SineEngine>(options.most_lanes);
}

}  // namespace lectern::sine
