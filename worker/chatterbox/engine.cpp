#include "worker/chatterbox/engine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <thread>

#include "config/fault.h"
#include "worker/chatterbox/narration.h"
#include "worker/chatterbox/networks.h"
#include "worker/engine_environment.h"
#include "worker/weights/device.h"

namespace lectern::chatterbox {

namespace {

constexpr int64_t kMostRows = 8;
constexpr std::size_t kVocodedOnDevice = 4;
constexpr std::uint64_t kVocoderBytes = 500'000'000;  // while one take is vocoded

struct Arithmetics {
  at::Device device;
  at::ScalarType t3, flow;
};

Arithmetics arithmetics_of(const EngineOptions& options) {
  const at::Device device = weights::device_named(options.device);
  const at::ScalarType type = weights::precision_named(options.precision);
  // A processor gains from half as many bytes a token, and not in the flow, which computes more than it reads.
  return {device, type, device.is_cpu() ? at::kFloat : type};
}

int threads_of(const EngineOptions& options) {
  return options.threads > 0 ? options.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// As many as the memory has room for. A row holds keys and values of 64 a head and block. A device's rows are whole
// from the beginning: 300 MB a row of Turbo in float32, so that a small card gets fewer.
int64_t rows_for(const EngineOptions& options, const T3Size& size) {
  const int64_t most = options.most_lanes > 0 ? std::min<int64_t>(options.most_lanes, kMostRows) : kMostRows;
  if (options.device != "cpu") return options.precision == "float32" ? std::min(most, kMostRows / 2) : most;
  const auto row = static_cast<std::uint64_t>(kMostTextTokens + kMostSpeechTokens) * 2 * sizeof(float) *
                   static_cast<std::uint64_t>(size.n_layer * size.n_embd);
  const std::uint64_t free = available_memory_bytes();
  const std::uint64_t fitting = free > kVocoderBytes ? (free - kVocoderBytes) / row : 0;
  return static_cast<int64_t>(std::clamp<std::uint64_t>(fitting, 1, static_cast<std::uint64_t>(most)));
}

class ChatterboxEngine : public Engine {
 public:
  explicit ChatterboxEngine(const EngineOptions& options) : arithmetics_(arithmetics_of(options)) {
    const c10::InferenceMode inference;
    const int threads = threads_of(options);
    at::set_num_threads(threads);
    at::globalContext().setAllowTF32CuDNN(false);  // float32 means float32
    tokenizer_ = std::make_unique<Tokenizer>(options.model_folder);
    options_.vocoded_together = arithmetics_.device.is_cpu() ? 1 : kVocodedOnDevice;
    networks_ = load_networks(
        options.model_folder,
        {.device = arithmetics_.device, .type = arithmetics_.t3, .threads = threads, .packed = true},
        {.device = arithmetics_.device, .flow = arithmetics_.flow, .rows_together = options_.vocoded_together});
    options_.rows = rows_for(options, networks_.t3->size());
    voices_ = std::make_unique<Voices>(options.model_folder, options.voices_folder,
                                       VoiceReaders{*networks_.t3, *networks_.s3gen, *tokenizer_, options.precision});
    if (voices_->has_built_in()) voices_->find(kBuiltInVoice);
  }

  EngineFacts facts() const override {
    return {.engine = "chatterbox",
            .revision = kRevision,
            .sample_rate_hz = s3gen::kSampleRateHz,
            .lanes = static_cast<int>(options_.rows)};
  }

  void run(SpeechHost& host) override {
    Narration(*networks_.t3, *networks_.s3gen, *tokenizer_, *voices_, options_, host).run();
  }

 private:
  Arithmetics arithmetics_;
  NarrationOptions options_;
  std::unique_ptr<Tokenizer> tokenizer_;
  Networks networks_;
  std::unique_ptr<Voices> voices_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const EngineOptions& options) {
  return std::make_unique<ChatterboxEngine>(options);
}

}  // namespace lectern::chatterbox
