// Text -> samples with one loaded model: phonemes, pieces, network. Thread-safe; call inside c10::InferenceMode.
#pragma once

#include <functional>
#include <memory>

#include "worker/engine.h"
#include "worker/kokoro/phonemes.h"
#include "worker/kokoro/voices.h"

namespace lectern::kokoro {

struct KModel;

struct Cancelled {};  // thrown out of speak()

class Speaker {
 public:
  explicit Speaker(const EngineOptions& options);
  ~Speaker();

  // Throws Fault when this text cannot be spoken with this voice, Cancelled within a second or two after `cancelled`
  // says so, and whatever libtorch throws when the device or the memory fails. Notes: phonemes, dropped_symbols
  // (symbol -> how often; only when there are any), pieces (only when more than one).
  Speech speak(const SpeechRequest& request, const std::function<bool()>& cancelled);

  c10::Device device() const;

 private:
  std::unique_ptr<const KModel> model_;
  Vocabulary vocabulary_;
  Voices voices_;
};

}  // namespace lectern::kokoro
