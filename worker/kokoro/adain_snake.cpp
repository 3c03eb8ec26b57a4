#include "worker/kokoro/adain_snake.h"

#include <ATen/ATen.h>

namespace lectern::kokoro {

at::Tensor adain_snake(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& alpha,
                       double eps, at::ScalarType type) {
  at::Tensor y = at::instance_norm(x.to(at::kFloat), scale, shift, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.1,
                                   eps, /*cudnn_enabled=*/true);
  y.add_(at::mul(y, alpha).sin_().square_().div_(alpha));
  return y.to(type);
}

}  // namespace lectern::kokoro
