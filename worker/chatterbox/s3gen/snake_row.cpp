// How it works: sin(alpha x)^2 has the period pi, so with t = alpha x / pi and r = t - round(t) in [-1/2, 1/2] it is
// (r P(r^2))^2, where P is the series of sin(pi r) / r; six terms are exact to float32.
#include "worker/chatterbox/s3gen/snake_row.h"

#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LECTERN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LECTERN_CLONES
#endif

namespace lectern::chatterbox::s3gen {

LECTERN_CLONES
void snake_row(const float* in, float* out, std::int64_t length, float alpha) {
  constexpr float kSine[] = {3.14159265f, -5.16771278f, 2.55016404f, -0.599264529f, 0.0821458866f, -0.00737043094f};
  const float turns = alpha * 0.318309886f, weight = 1 / (alpha + 1e-9f);
  for (std::int64_t i = 0; i < length; ++i) {
    const float t = in[i] * turns;
    const float r = t - std::rint(t);
    const float q = r * r;
    const float p = ((((kSine[5] * q + kSine[4]) * q + kSine[3]) * q + kSine[2]) * q + kSine[1]) * q + kSine[0];
    out[i] = in[i] + r * p * r * p * weight;
  }
}

}  // namespace lectern::chatterbox::s3gen
