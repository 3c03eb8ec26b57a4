#include "worker/kokoro/adain_snake.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <numeric>

#include "worker/kokoro/snake_row.h"

namespace lectern::kokoro {

namespace {

at::Tensor by_operations(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& alpha,
                         double eps, at::ScalarType type) {
  at::Tensor y = at::instance_norm(x.to(at::kFloat), scale, shift, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.1,
                                   eps, /*cudnn_enabled=*/true);
  y.add_(at::mul(y, alpha).sin_().square_().div_(alpha));
  return y.to(type);
}

bool has_row_kernel(const at::Tensor& x, at::ScalarType type) {
  const auto fits = [](at::ScalarType t) { return t == at::kFloat || t == at::kBFloat16; };
  return x.is_cpu() && x.is_contiguous() && x.size(0) == 1 && fits(x.scalar_type()) && fits(type);
}

}  // namespace

at::Tensor adain_snake(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, const at::Tensor& alpha,
                       double eps, at::ScalarType type) {
  if (!has_row_kernel(x, type)) return by_operations(x, scale, shift, alpha, eps, type);
  const at::Tensor out = at::empty(x.sizes(), x.options().dtype(type));
  const at::Tensor scales = scale.contiguous(), shifts = shift.contiguous(), alphas = alpha.contiguous();
  const int64_t channels = x.size(1), length = x.size(2);
  const bool from_float = x.scalar_type() == at::kFloat, to_float = type == at::kFloat;
  at::parallel_for(0, channels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(from_float && to_float ? 0 : length);  // bfloat16 is worked on as float32
    for (int64_t c = begin; c < end; ++c) {
      const SnakeRow parameters{scales.data_ptr<float>()[c], shifts.data_ptr<float>()[c], alphas.data_ptr<float>()[c],
                                static_cast<float>(eps)};
      const int64_t at = c * length;
      const float* source = row.data();
      if (from_float) {
        source = x.data_ptr<float>() + at;
      } else {
        widen_bfloat16(reinterpret_cast<const std::uint16_t*>(x.data_ptr()) + at, row.data(), length);
      }
      float* target = to_float ? out.data_ptr<float>() + at : row.data();
      snake_row(source, target, length, parameters);
      if (!to_float) narrow_bfloat16(target, reinterpret_cast<std::uint16_t*>(out.data_ptr()) + at, length);
    }
  });
  return out;
}

}  // namespace lectern::kokoro
