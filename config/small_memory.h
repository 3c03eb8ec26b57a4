// Keeps a long-lived program small.
#pragma once

namespace lectern {

// Makes malloc give memory back to the system soon: two arenas for all threads, and blocks from 64 KiB on are mapped by
// themselves. For programs that wait most of the time; call before any thread begins.
void keep_memory_small();

}  // namespace lectern
