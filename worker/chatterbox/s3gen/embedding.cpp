#include "worker/chatterbox/s3gen/embedding.h"

#include <cmath>

namespace lectern::chatterbox::s3gen {

namespace {
constexpr int64_t kStep = 512;  // the table grows by that many distances on each side, always computed together
}

at::Tensor relative_positions(int64_t first, int64_t count, int64_t channels) {
  // As the reference: angles in float32.
  const at::Tensor distance = at::arange(first, first - count, -1, at::kFloat).unsqueeze(1);
  const at::Tensor rate = at::arange(0, channels, 2, at::kFloat).mul_(-std::log(10000.0) / double(channels)).exp_();
  const at::Tensor angle = distance * rate;
  return at::stack({angle.sin(), angle.cos()}, 2).view({count, channels});
}

at::Tensor ProjectedPositions::of_length(int64_t length) const {
  const std::scoped_lock hold(lock_);
  while (reach_ < length - 1) {
    const auto projected = [&](int64_t first, int64_t count) {
      const at::Tensor positions = relative_positions(first, count, linear_pos_.weight.size(1));
      return linear_pos_.forward(positions.to(linear_pos_.weight.options()))
          .view({count, heads_, -1})
          .transpose(0, 1)
          .contiguous();
    };
    const int64_t reach = reach_ < 0 ? kStep : reach_ + kStep;
    if (reach_ < 0) {
      table_ = projected(reach, 2 * reach + 1);
    } else {
      table_ = at::cat({projected(reach, kStep), table_, projected(-reach_ - 1, kStep)}, 1);
    }
    reach_ = reach;
  }
  return table_.slice(1, reach_ - (length - 1), reach_ + length);
}

}  // namespace lectern::chatterbox::s3gen
