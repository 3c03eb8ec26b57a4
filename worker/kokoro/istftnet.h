// The vocoder side of the network (reference: istftnet.py): frames, pitch and energy -> 24 kHz samples.
// F = frames (40 a second), 600 samples each. Style vectors are [1, 128].
#pragma once

#include <cstdint>
#include <vector>

#include "worker/kokoro/layers.h"
#include "worker/kokoro/watcher.h"

namespace lectern::kokoro {

// Instance norm over time whose scale and shift come from the style.
struct AdaIN1d {
  Linear fc;
  AdaIN1d(const Scope& scope, int64_t channels);
  struct Affine {
    at::Tensor scale, shift;  // [channels]; scale = 1 + gamma
  };
  Affine affine(const at::Tensor& style) const;
  at::Tensor forward(const at::Tensor& x, const at::Tensor& style) const;
};

struct AdainResBlk1d {
  bool upsample;  // doubles the time axis
  AdaIN1d norm1, norm2;
  Conv1d conv1, conv2;
  std::vector<ConvTranspose1d> pool;  // one when upsampling
  std::vector<Conv1d> conv1x1;        // one when the channels change
  AdainResBlk1d(const Scope& scope, int64_t in, int64_t out, bool upsample);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& style) const;
};

struct AdaINResBlock1 {
  std::vector<Conv1d> convs1, convs2;
  std::vector<AdaIN1d> adain1, adain2;
  std::vector<at::Tensor> alpha1, alpha2;  // [1, channels, 1]
  AdaINResBlock1(const Scope& scope, int64_t channels, int64_t kernel);
  // The convolutions compute in their weights' type; x and the result are float32.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& style, const Watcher& watch) const;
  void convert(at::ScalarType type);
};

// Short-time Fourier transform of 20 samples every 5, periodic Hann window, centred, written as two convolutions.
class TorchSTFT {
 public:
  explicit TorchSTFT(at::Device device);
  at::Tensor transform(const at::Tensor& signal) const;  // [1, 600F] -> magnitude and angle, [1, 22, 120F + 1]
  at::Tensor inverse(const at::Tensor& magnitude, const at::Tensor& phase) const;  // [1, 11, 120F + 1] -> [1, 600F]

 private:
  at::Tensor forward_basis_, inverse_basis_;  // [22, 1, 20]: windowed cosines, then sines
  at::Tensor window_square_;                  // [1, 1, 20]
};

// Nine harmonics of the pitch, or noise where unvoiced.
struct SourceModuleHnNSF {
  Linear l_linear;
  explicit SourceModuleHnNSF(const Scope& scope);
  at::Tensor forward(const at::Tensor& F0, std::uint64_t noise_seed) const;  // [1, 2F] hertz -> [1, 600F]
};

struct Generator {
  SourceModuleHnNSF m_source;
  std::vector<ConvTranspose1d> ups;
  std::vector<Conv1d> noise_convs;
  std::vector<AdaINResBlock1> noise_res, resblocks;
  Conv1d conv_post;
  TorchSTFT stft;
  explicit Generator(const Scope& scope);
  // x [1, 512, 2F], har [1, 22, 120F + 1] -> [1, 600F].
  at::Tensor forward(at::Tensor x, const at::Tensor& style, const at::Tensor& har, const Watcher& watch) const;
};

struct Decoder {
  AdainResBlk1d encode;
  std::vector<AdainResBlk1d> decode;
  Conv1d F0_conv, N_conv, asr_res;  // asr_res.0
  Generator generator;
  explicit Decoder(const Scope& scope);
  // Everything before the generator: asr [1, 512, F], F0 and N [1, 2F] -> [1, 512, 2F].
  at::Tensor features(const at::Tensor& asr, const at::Tensor& F0, const at::Tensor& N, const at::Tensor& style,
                      const Watcher& watch) const;
  at::Tensor forward(const at::Tensor& asr, const at::Tensor& F0, const at::Tensor& N, const at::Tensor& style,
                     std::uint64_t noise_seed, const Watcher& watch) const;  // -> [1, 600F]
};

}  // namespace lectern::kokoro
