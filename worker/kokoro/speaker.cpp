#include "worker/kokoro/speaker.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "config/fault.h"
#include "worker/kokoro/model.h"
#include "worker/weights/device.h"

namespace lectern::kokoro {

namespace {

at::ScalarType vocoder_type(const EngineOptions& options) {
  const at::ScalarType type = weights::precision_named(options.precision);
  if (type == at::kFloat) return type;
  if (type != at::kBFloat16) {
    throw Fault(Exit::bad_input, "precision '" + options.precision + "' is not one of Kokoro's",
                "use float32 or bfloat16");
  }
#if defined(__x86_64__)
  const bool able = __builtin_cpu_supports("avx512bf16");
#else
  const bool able = false;
#endif
  if (options.device == "cpu" && !able) {
    throw Fault(Exit::bad_input, "precision bfloat16 needs a processor with AVX512-BF16", "set precision to float32");
  }
  return at::kBFloat16;
}

// Every piece of a segment has noise of its own.
std::uint64_t piece_seed(std::uint64_t seed, std::size_t piece) { return seed + piece * 0x9E3779B97F4A7C15u; }

}  // namespace

Speaker::Speaker(const EngineOptions& options)
    : model_(KModel::load(options.model_folder, weights::device_named(options.device), vocoder_type(options))),
      vocabulary_(options.model_folder / "tokenizer.json"),
      voices_(options.model_folder / "voices", weights::device_named(options.device)) {}

Speaker::~Speaker() = default;

c10::Device Speaker::device() const { return model_->device(); }

Speech Speaker::speak(const SpeechRequest& request, const std::function<bool()>& cancelled) {
  const std::string language = language_of(request.voice);
  const auto found = vocabulary_.symbols_of(phonemes_of(request.text, language));
  const auto pieces = pieces_of(found.symbols, kMaxPhonemes);
  if (std::all_of(found.symbols.begin(), found.symbols.end(), is_silent))
    throw Fault(Exit::bad_input, "the text has nothing that can be spoken");
  if (!(request.speed >= 0.25 && request.speed <= 4)) {
    throw Fault(Exit::bad_input, "speed " + std::to_string(request.speed) + " is outside 0.25 to 4");
  }

  Speech speech;
  speech.sample_rate_hz = kSampleRateHz;
  speech.notes["phonemes"] = found.text();
  if (!found.dropped.empty()) speech.notes["dropped_symbols"] = found.dropped;
  if (pieces.size() > 1) speech.notes["pieces"] = pieces.size();
  const Watcher watch = [&](const char*, const at::Tensor&) {
    if (cancelled()) throw Cancelled{};
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    watch("piece", {});
    const at::Tensor style = voices_.style(request.voice, pieces[i].size());
    const auto output =
        model_->forward(vocabulary_.ids_of(pieces[i]), style, request.speed, piece_seed(request.seed, i), watch);
    const at::Tensor audio = output.audio.to(at::kCPU).contiguous();
    if (!at::isfinite(audio).all().item<bool>()) {
      throw Fault(Exit::internal, "the network gave samples that are not numbers");
    }
    speech.samples.insert(speech.samples.end(), audio.data_ptr<float>(), audio.data_ptr<float>() + audio.numel());
  }
  return speech;
}

}  // namespace lectern::kokoro
