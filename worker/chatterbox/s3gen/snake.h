// x + sin(alpha x)^2 / (alpha + 1e-9), alpha one a channel (reference: hifigan.py, Snake). Signals, float32.
#pragma once

#include "worker/chatterbox/s3gen/layers.h"

namespace lectern::chatterbox::s3gen {

struct Snake {
  at::Tensor alpha;
  Snake(const Place& place, int64_t channels) : alpha(place.tensor("alpha", {channels})) {}
  at::Tensor forward(const at::Tensor& x) const;
  at::Tensor forward_(at::Tensor x) const;  // in place
};

}  // namespace lectern::chatterbox::s3gen
