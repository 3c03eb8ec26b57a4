// The arithmetic of decoding on a processor: products of a few rows with a packed matrix, at the speed of reading the
// matrix, and what stands between them. Compiled once for each level of vector instructions; no libtorch here.
//
// A row's result does not depend on the other rows of a call, on their number, or on how tiles are shared out.
#pragma once

#include <cstdint>

namespace lectern::chatterbox {

inline constexpr std::int64_t kTileWidth = 32;  // columns
inline constexpr std::int64_t kHeadSize = 64;

enum class Finish { store, gelu, add };  // y = p, y = gelu_new(p), y += p

// p = x W + bias. Tile t of W holds its columns [32 t, 32 t + 32) as [depth][32], zeros behind `width`.
struct Product {
  const float* x = nullptr;  // [rows][depth]
  std::int64_t rows = 0, depth = 0, width = 0;
  const void* tiles = nullptr;  // float, or float16 when `half` says so
  bool half = false;
  const float* bias = nullptr;  // [width], padded to whole tiles
  float* y = nullptr;           // [rows][width]
  Finish finish = Finish::store;
};

// Keys and values at neighbouring positions.
struct Span {
  const float *keys = nullptr, *values = nullptr;  // [count][kHeadSize]
  std::int64_t count = 0;
};

struct RowKernels {
  const char* name;
  void (*product)(const Product& product, std::int64_t first_tile, std::int64_t last_tile);
  // out = softmax(q K^T / sqrt(kHeadSize)) V over both spans; `scores` has room for all positions.
  void (*attend)(const float* q, const Span& earlier, const Span& later, float* scores, float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t size, float eps, float* y);
  float (*sum)(const float* x, std::int64_t count);  // reads and adds; count a multiple of 64
};

// The best that this processor can run.
const RowKernels& row_kernels();

}  // namespace lectern::chatterbox
