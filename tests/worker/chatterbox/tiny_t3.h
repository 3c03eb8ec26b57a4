// A T3 of two layers of 128, filled by the rule: Nano's manifest cut down, for tests that need a network and not its
// size.
#pragma once

#include "tests/parity/synthetic_weights.h"
#include "worker/chatterbox/t3.h"

namespace lectern::chatterbox {

inline constexpr T3Size kTiny{"tiny.safetensors", 2, 128};

inline parity::Manifest tiny_manifest() {
  parity::Manifest manifest;
  for (auto entry : parity::read_manifest(TEST_DATA "/chatterbox/t3_nano.manifest")) {
    if (entry.name.starts_with("tfmr.h.") && !entry.name.starts_with("tfmr.h.0.") &&
        !entry.name.starts_with("tfmr.h.1.")) {
      continue;
    }
    for (auto& dimension : entry.shape) {
      if (dimension % kNano.n_embd == 0) dimension = dimension / kNano.n_embd * kTiny.n_embd;
    }
    manifest.push_back(entry);
  }
  return manifest;
}

// Its head changed so that the logit of the stop token is always `stop`: -100 never stops, 100 stops at once.
inline std::map<std::string, at::Tensor> stopping_head(const parity::Manifest& manifest, const std::string& seed,
                                                       float stop) {
  std::map<std::string, at::Tensor> head;
  for (const auto& entry : manifest) {
    if (entry.name == "speech_head.weight" || entry.name == "speech_head.bias") {
      head[entry.name] = parity::synthetic_tensor(seed, entry);
    }
  }
  head.at("speech_head.weight")[kStopSpeech].zero_();
  head.at("speech_head.bias")[kStopSpeech].fill_(stop);
  return head;
}

}  // namespace lectern::chatterbox
