// The snake activation on one channel, compiled for several instruction sets and chosen when the program starts. No
// libtorch: the file has compiler options of its own.
#pragma once

#include <cstdint>

namespace lectern::chatterbox::s3gen {

// out = x + sin(alpha x)^2 / (alpha + 1e-9); `in` and `out` may be the same.
void snake_row(const float* in, float* out, std::int64_t length, float alpha);

}  // namespace lectern::chatterbox::s3gen
