#include "worker/chatterbox/s3gen/flow_matching.h"

#include <iterator>

namespace lectern::chatterbox::s3gen {

at::Tensor CausalConditionalCFM::forward(const at::Tensor& z, const at::Tensor& mu, const at::Tensor& spks,
                                         const at::Tensor& cond, const at::Tensor& mask, const Watcher& watch) const {
  at::Tensor x = z;
  for (std::size_t step = 0; step < std::size(kEulerSteps); ++step) {
    const at::Tensor velocity =
        estimator.forward(x.to(mu.scalar_type()), mu, spks, cond, mask, int64_t(step), watch).to(at::kFloat);
    watch("dxdt", velocity);
    x = x + velocity * (kEulerSteps[step].r - kEulerSteps[step].t);
  }
  return x;
}

}  // namespace lectern::chatterbox::s3gen
