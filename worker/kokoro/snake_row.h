// One channel of adain_snake() on the processor, compiled for several instruction sets and chosen when the program
// starts. No libtorch: the file has compiler options of its own.
#pragma once

#include <cstdint>

namespace lectern::kokoro {

struct SnakeRow {
  float scale, shift, alpha, eps;
};

// `in` and `out` may be the same.
void snake_row(const float* in, float* out, std::int64_t length, const SnakeRow& row);

void widen_bfloat16(const std::uint16_t* in, float* out, std::int64_t length);
void narrow_bfloat16(const float* in, std::uint16_t* out, std::int64_t length);  // to the nearest, ties to even

}  // namespace lectern::kokoro
