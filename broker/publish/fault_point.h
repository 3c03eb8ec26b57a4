// Where a test may stop the program or fail a write. Empty unless LECTERN_FAULT_POINTS is defined, as it is for the
// library that the tests link.
#pragma once

#include <cstddef>

namespace lectern::publish {

#ifdef LECTERN_FAULT_POINTS
struct FaultHooks {
  void (*at_step)(const char* step) = nullptr;       // called when that step is done
  int (*before_write)(std::size_t bytes) = nullptr;  // an errno to fail the write with, or 0
  bool no_sync = false;                              // a guard that the tests take away
  int patience_ms = 0;                               // with another program; 0: as without tests
};
extern FaultHooks fault_hooks;

inline void fault_point(const char* step) {
  if (fault_hooks.at_step) fault_hooks.at_step(step);
}
inline int injected_write_error(std::size_t bytes) {
  return fault_hooks.before_write ? fault_hooks.before_write(bytes) : 0;
}
inline bool sync_removed() { return fault_hooks.no_sync; }
inline int injected_patience_ms() { return fault_hooks.patience_ms; }
#else
inline void fault_point(const char*) {}
inline int injected_write_error(std::size_t) { return 0; }
constexpr bool sync_removed() { return false; }
constexpr int injected_patience_ms() { return 0; }
#endif

}  // namespace lectern::publish
