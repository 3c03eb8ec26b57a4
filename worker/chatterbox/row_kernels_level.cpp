// How it works: everything is written in the compiler's vectors of LECTERN_LANES floats, and this file is compiled once
// for each level of instructions into a function table of its own. Nothing with inline functions may be included: the
// linker would keep one copy of them, perhaps one that an older processor cannot run.
//
// A product goes tile by tile: a tile is read from memory once, front to back, and stays in the second level cache for
// the groups of rows that follow the first. Sums run over the depth in order, in parts of kPart that are then added up.
#include "worker/chatterbox/row_kernels.h"

namespace lectern::chatterbox {

extern const RowKernels LECTERN_TABLE;

namespace {

constexpr int kLanes = LECTERN_LANES;
constexpr int kVectors = kTileWidth / kLanes;  // of a tile's row
constexpr std::int64_t kPart = 512;

typedef float V __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t I __attribute__((vector_size(kLanes * 4)));
typedef std::uint16_t H __attribute__((vector_size(kLanes * 2)));
typedef short HalfBits __attribute__((vector_size(kLanes * 2)));
typedef float UnalignedV __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

inline V load(const float* p) { return *reinterpret_cast<const UnalignedV*>(p); }
// float16
inline V load(const std::uint16_t* p) {
  typedef std::uint16_t U __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));
  const H half = *reinterpret_cast<const U*>(p);
#if LECTERN_LANES == 16
  return __builtin_ia32_vcvtph2ps512_mask(reinterpret_cast<HalfBits>(half), V{}, -1, 4);
#elif LECTERN_LANES == 8
  return __builtin_ia32_vcvtph2ps256(reinterpret_cast<HalfBits>(half));
#else
  // The exponent's bias differs by 112, which the product adds; it makes subnormal numbers right as well.
  const I bits = __builtin_convertvector(half, I);
  const V magnitude = reinterpret_cast<V>((bits & 0x7FFF) << 13) * 0x1p112f;
  return reinterpret_cast<V>(reinterpret_cast<I>(magnitude) | (bits & 0x8000) << 16);
#endif
}
inline void store(float* p, V v) { *reinterpret_cast<UnalignedV*>(p) = v; }
inline V all(float x) { return x - V{}; }

// Each lane and the one whose number differs in the bit W, exchanged.
template <int W>
inline V exchanged(V v) {
#if LECTERN_LANES == 16
  return __builtin_shufflevector(v, v, 0 ^ W, 1 ^ W, 2 ^ W, 3 ^ W, 4 ^ W, 5 ^ W, 6 ^ W, 7 ^ W, 8 ^ W, 9 ^ W, 10 ^ W,
                                 11 ^ W, 12 ^ W, 13 ^ W, 14 ^ W, 15 ^ W);
#elif LECTERN_LANES == 8
  return __builtin_shufflevector(v, v, 0 ^ W, 1 ^ W, 2 ^ W, 3 ^ W, 4 ^ W, 5 ^ W, 6 ^ W, 7 ^ W);
#else
  return __builtin_shufflevector(v, v, 0 ^ W, 1 ^ W, 2 ^ W, 3 ^ W);
#endif
}

inline float lanes_sum(V v) {
#if LECTERN_LANES == 16
  v += exchanged<8>(v);
#endif
#if LECTERN_LANES >= 8
  v += exchanged<4>(v);
#endif
  v += exchanged<2>(v);
  v += exchanged<1>(v);
  return v[0];
}

// e^x for x <= 88; 0 far below zero. Error within two units of the last place.
inline V exponential(V x) {
  const V low = all(-87.3f);
  const I below = x < low;
  x = below ? low : x;
  const V magic = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to whole numbers
  const V n = (x * 1.44269504088896341f + magic) - magic;
  const V r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const I power = (__builtin_convertvector(n, I) + 127) << 23;
  const V result = p * reinterpret_cast<V>(power);
  return below ? V{} : result;
}

// 0.5 x (1 + tanh(z)) = x / (1 + e^(-2 z)), z = sqrt(2 / pi) (x + 0.044715 x^3).
inline V gelu_new(V x) {
  V twice = x * 1.5957691216057308f * (x * x * 0.044715f + 1.0f);
  twice = twice < -87.0f ? all(-87.0f) : twice;
  return x / (exponential(-twice) + 1.0f);
}

// sums[r][c] += x[r] times columns [first, first + G vectors) of the tile.
template <int R, int G, typename W>
inline void block(const float* x, std::int64_t stride, const W* tile, std::int64_t depth, int first,
                  float (*sums)[kTileWidth]) {
  for (std::int64_t start = 0; start < depth; start += kPart) {
    const std::int64_t end = start + kPart < depth ? start + kPart : depth;
    V acc[R][G] = {};
    for (std::int64_t k = start; k < end; ++k) {
      const W* row = tile + k * kTileWidth + first;
      if constexpr (R == 1) __builtin_prefetch(row + kPart * kTileWidth / 4);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V value = all(x[r * stride + k]);
#pragma GCC unroll 8
        for (int g = 0; g < G; ++g) acc[r][g] += value * load(row + g * kLanes);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) {
        float* const sum = sums[r] + first + g * kLanes;
        store(sum, load(sum) + acc[r][g]);
      }
    }
  }
}

template <int R>
inline void finish(const Product& product, const float* sums, std::int64_t column, float* y) {
  V p[kVectors];
  for (int g = 0; g < kVectors; ++g) {
    p[g] = load(sums + g * kLanes) + load(product.bias + column + g * kLanes);
    if (product.finish == Finish::gelu) p[g] = gelu_new(p[g]);
  }
  float values[kTileWidth];
  for (int g = 0; g < kVectors; ++g) store(values + g * kLanes, p[g]);
  const std::int64_t left = product.width - column, count = left < kTileWidth ? left : kTileWidth;
  const bool add = product.finish == Finish::add;
  for (std::int64_t i = 0; i < count; ++i) y[i] = add ? y[i] + values[i] : values[i];
}

// Rows that one pass over a tile serves, with as many columns at once as the registers hold.
template <int R, typename W>
void rows(const Product& product, const W* tile, std::int64_t column, std::int64_t first_row) {
  constexpr int kWide = R == 1 ? (kVectors < 4 ? kVectors : 4) : 2;
  alignas(64) float sums[R][kTileWidth] = {};
  const float* const x = product.x + first_row * product.depth;
  for (int first = 0; first < kTileWidth; first += kWide * kLanes) {
    block<R, kWide>(x, product.depth, tile, product.depth, first, sums);
  }
  for (int r = 0; r < R; ++r) {
    finish<R>(product, sums[r], column, product.y + (first_row + r) * product.width + column);
  }
}

constexpr int kMostRows = kLanes >= 16 ? 8 : 4;

template <typename W>
void tiles(const Product& product, std::int64_t first_tile, std::int64_t last_tile) {
  for (std::int64_t t = first_tile; t < last_tile; ++t) {
    const W* const tile = static_cast<const W*>(product.tiles) + t * product.depth * kTileWidth;
    const std::int64_t column = t * kTileWidth;
    for (std::int64_t row = 0; row < product.rows;) {
      const std::int64_t left = product.rows - row;
      const auto pass = [&]<int R>() {
        rows<R>(product, tile, column, row);
        row += R;
      };
      if (left >= kMostRows) {
        pass.template operator()<kMostRows>();
      } else if (left >= 4) {
        pass.template operator()<4>();
      } else if (left == 3) {
        pass.template operator()<3>();
      } else if (left == 2) {
        pass.template operator()<2>();
      } else {
        pass.template operator()<1>();
      }
    }
  }
}

void product(const Product& product, std::int64_t first_tile, std::int64_t last_tile) {
  if (product.half) {
    tiles<std::uint16_t>(product, first_tile, last_tile);
  } else {
    tiles<float>(product, first_tile, last_tile);
  }
}

constexpr int kHeadVectors = kHeadSize / kLanes;

float dots(const V* q, const Span& span, float highest, float* scores) {
  for (std::int64_t i = 0; i < span.count; ++i) {
    const float* const key = span.keys + i * kHeadSize;
    V sum = q[0] * load(key);
#pragma GCC unroll 16
    for (int v = 1; v < kHeadVectors; ++v) sum += q[v] * load(key + v * kLanes);
    scores[i] = lanes_sum(sum);
    highest = scores[i] > highest ? scores[i] : highest;
  }
  return highest;
}

void weigh(const Span& span, const float* weights, V* sums) {
  for (std::int64_t i = 0; i < span.count; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kHeadVectors; ++v) {
      sums[v] += all(weights[i]) * load(span.values + i * kHeadSize + v * kLanes);
    }
  }
}

void attend(const float* query, const Span& earlier, const Span& later, float* scores, float* out) {
  V q[kHeadVectors], sums[kHeadVectors] = {};
  for (int v = 0; v < kHeadVectors; ++v) q[v] = load(query + v * kLanes) * 0.125f;  // 1 / sqrt(64)
  const float highest = dots(q, later, dots(q, earlier, -3e38f, scores), scores + earlier.count);

  const std::int64_t count = earlier.count + later.count;
  V total = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const V e = exponential(load(scores + i) - highest);
    store(scores + i, e);
    total += e;
  }
  float rest = lanes_sum(total);
  for (; i < count; ++i) {
    scores[i] = exponential(all(scores[i] - highest))[0];
    rest += scores[i];
  }
  weigh(earlier, scores, sums);
  weigh(later, scores + earlier.count, sums);
  for (int v = 0; v < kHeadVectors; ++v) store(out + v * kLanes, sums[v] / rest);
}

void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t size, float eps, float* y) {
  V sum = {}, squares = {};
  for (std::int64_t i = 0; i < size; i += kLanes) sum += load(x + i);
  const float mean = lanes_sum(sum) / static_cast<float>(size);
  for (std::int64_t i = 0; i < size; i += kLanes) {
    const V d = load(x + i) - mean;
    squares += d * d;
  }
  const float scale = 1 / __builtin_sqrtf(lanes_sum(squares) / static_cast<float>(size) + eps);
  for (std::int64_t i = 0; i < size; i += kLanes) {
    store(y + i, (load(x + i) - mean) * scale * load(weight + i) + load(bias + i));
  }
}

float sum(const float* x, std::int64_t count) {
  V sums[4] = {};
  for (std::int64_t i = 0; i < count; i += 4 * kLanes) {
    for (int v = 0; v < 4; ++v) sums[v] += load(x + i + v * kLanes);
  }
  return lanes_sum(sums[0] + sums[1] + sums[2] + sums[3]);
}

}  // namespace

const RowKernels LECTERN_TABLE = {LECTERN_LEVEL, product, attend, layer_norm, sum};

}  // namespace lectern::chatterbox
