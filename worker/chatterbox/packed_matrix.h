// A weight matrix laid out for row_kernels: tiles of 32 columns, each read front to back. Immutable; CPU only.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "worker/chatterbox/row_kernels.h"
#include "worker/chatterbox/thread_team.h"

namespace lectern::chatterbox {

class PackedMatrix {
 public:
  PackedMatrix() = default;
  // `weight` [in, out], any strides and any float type; `bias` [out] float32; stored as `type`, float32 or float16. A
  // dense weight of that type is packed by the whole team.
  PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type, ThreadTeam& team);

  explicit operator bool() const { return tiles_ != nullptr; }
  std::int64_t depth() const { return depth_; }
  std::int64_t width() const { return width_; }
  std::int64_t tiles() const { return (width_ + kTileWidth - 1) / kTileWidth; }
  std::size_t bytes() const;
  double sum() const { return sum_; }  // of all weights: finite only if each of them is

  // A member's part of y = x W + b; x [rows, depth] and y [rows, width] lie densely.
  void multiply(const float* x, std::int64_t rows, float* y, Finish finish, const ThreadTeam& team, int member) const;
  // x [rows, depth] float32 -> [rows, width], by the whole team.
  at::Tensor multiply(const at::Tensor& x, Finish finish, ThreadTeam& team) const;

 private:
  at::Tensor matrix() const;  // [tiles, depth, 32]
  template <typename Weight>
  void pack(const Weight* weight, ThreadTeam& team);
  void pack(const at::Tensor& weight);

  std::int64_t depth_ = 0, width_ = 0;
  at::ScalarType type_ = at::kFloat;
  std::shared_ptr<void> tiles_;  // in large pages where the system has them
  at::Tensor bias_;              // padded to whole tiles
  double sum_ = 0;
};

}  // namespace lectern::chatterbox
