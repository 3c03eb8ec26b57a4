// Memory for what is made of weights when a model is loaded, in pages of 2 MB where the system has them: the system hands
// these out several times as fast as small ones, and reading them is faster.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <span>

namespace lectern::weights {

// Not filled with anything. Throws std::bad_alloc.
std::shared_ptr<void> large_pages(std::size_t bytes);

// Has the system hand out a part of such memory now: threads that take a part each do not wait for each other's pages.
void bring_out(std::span<std::byte> part);

// Hands out places for tensors that stay as long as the model does: a block goes when the last tensor in it does.
class Room {
 public:
  // As at::empty; on devices nothing else.
  at::Tensor empty(at::IntArrayRef shape, const at::TensorOptions& options);

 private:
  std::shared_ptr<void> block_;
  std::size_t used_ = 0, size_ = 0;  // of the block
};

}  // namespace lectern::weights
