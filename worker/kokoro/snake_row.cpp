// How it works: sin(alpha y)^2 has the period pi, so with t = alpha y / pi and r = t - round(t) in [-1/2, 1/2] it is
// (r P(r^2))^2, where P is the series of sin(pi r) / r; six terms are exact to float32. All loops are plain and
// vectorised by the compiler.
#include "worker/kokoro/snake_row.h"

#include <bit>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LECTERN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LECTERN_CLONES
#endif

namespace lectern::kokoro {

namespace {

constexpr std::int64_t kBlock = 4096;  // summed in float32, the blocks in float64

constexpr float kSine[] = {3.14159265f, -5.16771278f, 2.55016404f, -0.599264529f, 0.0821458866f, -0.00737043094f};

}  // namespace

LECTERN_CLONES
void snake_row(const float* in, float* out, std::int64_t length, const SnakeRow& row) {
  double sum = 0;
  for (std::int64_t start = 0; start < length; start += kBlock) {
    const std::int64_t end = start + kBlock < length ? start + kBlock : length;
    float part = 0;
    for (std::int64_t i = start; i < end; ++i) part += in[i];
    sum += part;
  }
  const float mean = static_cast<float>(sum / static_cast<double>(length));
  double squares = 0;
  for (std::int64_t start = 0; start < length; start += kBlock) {
    const std::int64_t end = start + kBlock < length ? start + kBlock : length;
    float part = 0;
    for (std::int64_t i = start; i < end; ++i) part += (in[i] - mean) * (in[i] - mean);
    squares += part;
  }
  const float a = row.scale / std::sqrt(static_cast<float>(squares / static_cast<double>(length)) + row.eps);
  const float b = row.shift;
  const float turns = row.alpha * 0.318309886f, weight = 1 / row.alpha;
  for (std::int64_t i = 0; i < length; ++i) {
    const float y = (in[i] - mean) * a + b;
    const float t = y * turns;
    const float r = t - std::rint(t);
    const float q = r * r;
    const float p = ((((kSine[5] * q + kSine[4]) * q + kSine[3]) * q + kSine[2]) * q + kSine[1]) * q + kSine[0];
    const float s = r * p;
    out[i] = y + s * s * weight;
  }
}

LECTERN_CLONES
void widen_bfloat16(const std::uint16_t* in, float* out, std::int64_t length) {
  for (std::int64_t i = 0; i < length; ++i) out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(in[i]) << 16);
}

LECTERN_CLONES
void narrow_bfloat16(const float* in, std::uint16_t* out, std::int64_t length) {
  for (std::int64_t i = 0; i < length; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(in[i]);
    out[i] = static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  }
}

}  // namespace lectern::kokoro
