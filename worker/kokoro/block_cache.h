// Keeps large blocks of processor memory for the next tensor instead of giving them back to the kernel.
//
// The vocoder asks for and frees blocks of 5 to 50 MB a hundred times a sentence; fresh pages for each cost a fifth of
// the computing time (measured), more on long sentences. This allocator takes the place of libtorch's for the
// processor, in the whole process.
#pragma once

#include <cstddef>

namespace lectern::kokoro {

// Installs the cache, or changes its limit: at most `limit_bytes` lie unused, the oldest go first. Thread-safe.
void keep_blocks(std::size_t limit_bytes);

// What lies unused now.
std::size_t kept_bytes();

}  // namespace lectern::kokoro
