#include "worker/chatterbox/packed_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace lectern::chatterbox {

namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

// Reading hundreds of megabytes a step is a tenth faster in large pages.
std::shared_ptr<void> allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, bytes >= kLargePage ? kLargePage : 64, bytes) != 0) throw std::bad_alloc();
  if (bytes >= kLargePage) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return {memory, std::free};
}

}  // namespace

PackedMatrix::PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type)
    : depth_(weight.size(0)), width_(weight.size(1)), type_(type) {
  tiles_ = allocate(bytes());
  const at::Tensor packed = matrix();
  const std::int64_t whole = width_ / kTileWidth;
  if (whole > 0) {
    packed.narrow(0, 0, whole)
        .copy_(weight.narrow(1, 0, whole * kTileWidth).unflatten(1, {whole, kTileWidth}).permute({1, 0, 2}));
  }
  if (whole < tiles()) {
    packed[whole].zero_();
    packed[whole]
        .narrow(1, 0, width_ - whole * kTileWidth)
        .copy_(weight.narrow(1, whole * kTileWidth, width_ - whole * kTileWidth));
  }
  bias_ = at::zeros({tiles() * kTileWidth}, at::kFloat);
  bias_.narrow(0, 0, width_).copy_(bias);
}

at::Tensor PackedMatrix::matrix() const {
  return at::from_blob(tiles_.get(), {tiles(), depth_, kTileWidth}, at::TensorOptions(type_));
}

double PackedMatrix::sum() const { return matrix().sum(at::kFloat).item<double>(); }

std::size_t PackedMatrix::bytes() const {
  return static_cast<std::size_t>(tiles() * depth_ * kTileWidth) * c10::elementSize(type_);
}

void PackedMatrix::multiply(const float* x, std::int64_t rows, float* y, Finish finish, const ThreadTeam& team,
                            int member) const {
  const Product product{.x = x,
                        .rows = rows,
                        .depth = depth_,
                        .width = width_,
                        .tiles = tiles_.get(),
                        .half = type_ == at::kBFloat16,
                        .bias = bias_.data_ptr<float>(),
                        .y = y,
                        .finish = finish};
  const auto [first, last] = team.part(member, tiles());
  row_kernels().product(product, first, last);
}

at::Tensor PackedMatrix::multiply(const at::Tensor& x, Finish finish, ThreadTeam& team) const {
  const at::Tensor rows = x.contiguous();
  const at::Tensor y = at::empty({rows.size(0), width_}, at::kFloat);
  const float* const from = rows.data_ptr<float>();
  float* const to = y.data_ptr<float>();
  team.run([&](int member) { multiply(from, rows.size(0), to, finish, team, member); });
  return y;
}

}  // namespace lectern::chatterbox
