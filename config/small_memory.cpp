#include "config/small_memory.h"

#include <malloc.h>

namespace lectern {

void keep_memory_small() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
}

}  // namespace lectern
