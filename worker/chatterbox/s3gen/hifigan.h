// Mel spectrogram -> 24 kHz samples (reference: hifigan.py, HiFTGenerator). Signals, always float32: F = frames (50 a
// second), S = 480 F samples.
#pragma once

#include <vector>

#include "worker/chatterbox/s3gen/f0_predictor.h"
#include "worker/chatterbox/s3gen/snake.h"
#include "worker/chatterbox/s3gen/spectrum.h"
#include "worker/chatterbox/s3gen/watcher.h"

namespace lectern::chatterbox::s3gen {

inline constexpr int64_t kSamplesPerFrame = 480, kHarmonics = 9;

struct ResBlock {
  std::vector<Conv1d> convs1, convs2;
  std::vector<Snake> activations1, activations2;
  ResBlock(const Place& place, int64_t channels, int64_t kernel);
  at::Tensor forward(const at::Tensor& x) const;
};

// Nine harmonics of the pitch where voiced, noise elsewhere.
struct SourceModuleHnNSF {
  Linear l_linear;
  explicit SourceModuleHnNSF(const Place& place);
  // f0 [B, F] hertz; phase [B, 9, 1] at the start (the first harmonic's is taken as 0); noise [B, 9, S], normal
  // -> [B, 1, S].
  at::Tensor forward(const at::Tensor& f0, const at::Tensor& phase, const at::Tensor& noise) const;
};

struct HiFTGenerator {
  SourceModuleHnNSF m_source;
  Conv1d conv_pre;
  std::vector<ConvTranspose1d> ups;
  std::vector<Conv1d> source_downs;
  std::vector<ResBlock> source_resblocks, resblocks;
  Conv1d conv_post;
  ConvRNNF0Predictor f0_predictor;
  Spectrum spectrum;
  explicit HiFTGenerator(const Place& place);

  // mel [B, 80, F], the source s [B, 1, S] -> [B, S].
  at::Tensor decode(const at::Tensor& mel, const at::Tensor& s, const Watcher& watch = no_watcher) const;
  // mel [B, 80, F]; phase and noise as the source's -> [B, S] in [-0.99, 0.99].
  at::Tensor inference(const at::Tensor& mel, const at::Tensor& phase, const at::Tensor& noise,
                       const Watcher& watch = no_watcher) const;
};

}  // namespace lectern::chatterbox::s3gen
