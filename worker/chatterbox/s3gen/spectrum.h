// Short-time Fourier transform of 16 samples every 4, periodic Hann window, centred, written as two convolutions: no
// FFT library, which takes memory on a device. Float32.
#pragma once

#include <ATen/core/Tensor.h>

namespace lectern::chatterbox::s3gen {

class Spectrum {
 public:
  explicit Spectrum(at::Device device);
  // [B, 1, 4n] -> real parts of the nine bins, then imaginary ones, [B, 18, n + 1]; reflected at the ends.
  at::Tensor transform(const at::Tensor& signal) const;
  // The inverse: [B, 18, n + 1] -> [B, 4n].
  at::Tensor inverse(const at::Tensor& spectrum) const;

 private:
  at::Tensor forward_basis_, inverse_basis_;  // [18, 1, 16]: windowed cosines, then sines
  at::Tensor window_square_;                  // [1, 1, 16]
};

}  // namespace lectern::chatterbox::s3gen
