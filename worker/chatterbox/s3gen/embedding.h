// Relative positions of the conformer (reference: transformer/embedding.py, EspnetRelPositionalEncoding).
#pragma once

#include <ATen/core/Tensor.h>

#include <mutex>

#include "worker/chatterbox/s3gen/layers.h"

namespace lectern::chatterbox::s3gen {

// Sines and cosines of the distances `first`, first - 1, ... : [count, channels] float32 on the CPU.
at::Tensor relative_positions(int64_t first, int64_t count, int64_t channels);

// linear_pos(positions) of one attention, which depend on nothing but the length: computed once, kept and sliced.
// Thread-safe. A row's values do not depend on what was asked before.
class ProjectedPositions {
 public:
  ProjectedPositions(Linear linear_pos, int64_t heads) : linear_pos_(std::move(linear_pos)), heads_(heads) {}
  // [heads, 2 * length - 1, channels / heads], the distances from length - 1 down.
  at::Tensor of_length(int64_t length) const;

 private:
  Linear linear_pos_;
  int64_t heads_;
  mutable std::mutex lock_;
  mutable at::Tensor table_;  // the distances from +reach_ down to -reach_
  mutable int64_t reach_ = -1;
};

}  // namespace lectern::chatterbox::s3gen
