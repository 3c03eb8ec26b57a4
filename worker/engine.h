// An engine: the code that runs one kind of model. The engine process (engine_main.cpp) owns one for its whole life.
//
// The engine pulls segments and pushes takes, so that each kind keeps its own way of doing several at a time: Kokoro
// runs one sentence a thread, an autoregressive model decodes rows together and refills their slots.
// Same text, voice, speed, seed, model and settings give the same samples, whatever else is being spoken.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lectern {

// One segment to be spoken.
struct SpeechRequest {
  std::uint64_t ticket = 0;  // names the segment between engine and host; unique in the process
  std::string text;          // what is spoken: UTF-8, numbers and abbreviations already written out
  std::string voice;         // a voice of the loaded model
  double speed = 1.0;        // 1.25 speaks faster; 0.5 to 2.0
  std::uint64_t seed = 0;
};

// What came of it.
struct Speech {
  std::vector<float> samples;  // mono, nominally [-1, 1], all finite
  int sample_rate_hz = 0;
  nlohmann::json notes = nlohmann::json::object();  // facts for the sidecar (phonemes, verdicts)
};

struct SpeechFailure {
  bool retryable = false;  // false: this text can never be spoken with these settings
  std::string reason;      // one line for the user
};

// Where an engine gets its work and leaves it. Thread-safe: an engine may call it from threads of its own.
class SpeechHost {
 public:
  virtual ~SpeechHost() = default;
  // The next segment; blocks until there is one. nullopt: finish what is begun and return from run().
  virtual std::optional<SpeechRequest> next() = 0;
  // The same without waiting; nullopt: none now.
  virtual std::optional<SpeechRequest> next_if_any() = 0;
  // Nobody wants this segment any more: stop working on it when convenient and call neither of the two below.
  virtual bool cancelled(std::uint64_t ticket) const = 0;
  virtual void spoken(std::uint64_t ticket, Speech speech) = 0;
  virtual void failed(std::uint64_t ticket, SpeechFailure failure) = 0;
};

struct EngineOptions {
  std::filesystem::path model_folder;
  std::filesystem::path voices_folder = {};  // of voices made from recordings (config/recorded_voice.h); empty: none
  std::string device = "cpu";         // "cpu" or "cuda:N"
  int threads = 0;                    // processor threads to use in all; 0: one for each core this process may run on
  int most_lanes = 0;                 // no more segments at once than this; 0: as many as it finds right
  std::string precision = "float32";  // or "bfloat16", "float16" where the engine offers it
};

struct EngineFacts {
  std::string engine;  // "kokoro"
  int revision = 0;    // raised whenever the same request would sound different; part of a take's key
  int sample_rate_hz = 0;
  int lanes = 1;  // segments that are worth having in work at once
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineFacts facts() const = 0;
  // Speaks until host.next() says that there is no more. A segment's failure goes to host.failed(); what is thrown
  // here ends the process (out of memory, a broken device).
  virtual void run(SpeechHost& host) = 0;
};

// Loads the model; throws Fault naming the file and the mend when it cannot.
using EngineFactory = std::unique_ptr<Engine> (*)(const EngineOptions&);

}  // namespace lectern
