#include "worker/chatterbox/row_kernels.h"

namespace lectern::chatterbox {

extern const RowKernels row_kernels_plain;
#if defined(__x86_64__)
extern const RowKernels row_kernels_avx2;
extern const RowKernels row_kernels_avx512;
#endif

const RowKernels& row_kernels() {
#if defined(__x86_64__)
  static const RowKernels& best = []() -> const RowKernels& {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw")) {
      return row_kernels_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return row_kernels_avx2;
    return row_kernels_plain;
  }();
  return best;
#else
  return row_kernels_plain;
#endif
}

}  // namespace lectern::chatterbox
