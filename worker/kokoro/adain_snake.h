// Adaptive instance norm and the snake activation in one step, which is what the vocoder spends a fifth of its time on
// when done by separate operations.
#pragma once

#include <ATen/core/Tensor.h>

namespace lectern::kokoro {

// y = scale * (x - mean) / sqrt(variance + eps) + shift per channel, over time; result y + sin(alpha y)^2 / alpha.
// x [1, C, L] float32 or bfloat16; scale, shift [C], alpha [1, C, 1] float32. The result is new, of type `type`.
at::Tensor adain_snake(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& alpha,
                       double eps, at::ScalarType type);

}  // namespace lectern::kokoro
