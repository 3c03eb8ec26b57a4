#include "worker/chatterbox/packed_matrix.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "worker/weights/state.h"

namespace lectern::chatterbox {

namespace {

// So many rows of a weight are spread over the tiles at a time: what they fill of a tile lies together.
constexpr std::int64_t kRowsAtOnce = 16;

// Copies past the caches: what is packed is not read again soon, and a line that is written whole need not be fetched.
// `to` at a multiple of 16, as is `bytes`.
void write_through(const void* from, void* to, std::size_t bytes) {
#if defined(__SSE2__)
  for (std::size_t i = 0; i < bytes / sizeof(__m128i); ++i) {
    _mm_stream_si128(static_cast<__m128i*>(to) + i, _mm_loadu_si128(static_cast<const __m128i*>(from) + i));
  }
#else
  std::memcpy(to, from, bytes);
#endif
}

void finish_writing() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// What a sum needs of a value to show that it is no number: the value itself, or a float16's bits.
float summand(float value) { return value; }
float summand(std::uint16_t bits) { return (bits & 0x7C00) == 0x7C00 ? NAN : 0.0f; }

// Rows [first, last) of a dense weight of `width` columns -> their places in the tiles, and what they add up to.
template <typename Weight>
double pack_rows(const Weight* weight, std::int64_t width, std::int64_t first, std::int64_t last, std::int64_t depth,
                 Weight* tiles) {
  double total = 0;
  for (std::int64_t from = first; from < last; from += kRowsAtOnce) {
    const std::int64_t to = std::min(from + kRowsAtOnce, last);
    float sums[kTileWidth] = {};
    for (std::int64_t column = 0; column < width; column += kTileWidth) {
      Weight* place = tiles + (column / kTileWidth * depth + from) * kTileWidth;
      for (std::int64_t row = from; row < to; ++row, place += kTileWidth) {
        const Weight* const source = weight + row * width + column;
        write_through(source, place, kTileWidth * sizeof(Weight));
        for (std::int64_t i = 0; i < kTileWidth; ++i) sums[i] += summand(source[i]);
      }
    }
    for (const float sum : sums) total += sum;
  }
  finish_writing();
  return total;
}

}  // namespace

PackedMatrix::PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type, ThreadTeam& team)
    : depth_(weight.size(0)), width_(weight.size(1)), type_(type) {
  tiles_ = weights::large_pages(bytes());
  const bool dense = weight.scalar_type() == type && weight.is_contiguous() && width_ % kTileWidth == 0;
  if (dense && type == at::kFloat) {
    pack(static_cast<const float*>(weight.data_ptr()), team);
  } else if (dense) {
    pack(static_cast<const std::uint16_t*>(weight.data_ptr()), team);
  } else {
    pack(weights::brought_in(weight));
  }
  bias_ = at::zeros({tiles() * kTileWidth}, at::kFloat);
  bias_.narrow(0, 0, width_).copy_(bias);
}

template <typename Weight>
void PackedMatrix::pack(const Weight* weight, ThreadTeam& team) {
  std::vector<double> sums(static_cast<std::size_t>(team.size()));
  team.run([&](int member) {
    const auto [from, to] = team.part(member, static_cast<std::int64_t>(bytes()));
    weights::bring_out({static_cast<std::byte*>(tiles_.get()) + from, static_cast<std::size_t>(to - from)});
    const auto [first, last] = team.part(member, depth_);
    const std::span<const Weight> rows(weight + first * width_, static_cast<std::size_t>((last - first) * width_));
    weights::MappedFile::bring_in(std::as_bytes(rows));
    sums[static_cast<std::size_t>(member)] =
        pack_rows(weight, width_, first, last, depth_, static_cast<Weight*>(tiles_.get()));
  });
  sum_ = std::accumulate(sums.begin(), sums.end(), 0.0);
}

void PackedMatrix::pack(const at::Tensor& weight) {
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
  sum_ = packed.sum(at::kFloat).item<double>();
}

at::Tensor PackedMatrix::matrix() const {
  return at::from_blob(tiles_.get(), {tiles(), depth_, kTileWidth}, at::TensorOptions(type_));
}

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
                        .half = type_ == at::kHalf,
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
