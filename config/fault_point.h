// Where the tests of tests/faults end a program, or take one of its guards away to see that they notice. The installed
// programs hold none of it: everything here is empty unless LECTERN_FAULT_POINTS is defined.
#pragma once

namespace lectern {

#ifdef LECTERN_FAULT_POINTS
// A moment at which a power cut would be worst. LECTERN_DIE_AT="PROGRAM POINT MARKER" kills PROGRAM with SIGKILL when it
// passes POINT, which is a number (the n-th point that the process passes, from 1) or a point's name; once only: the
// name of the point is then in the file MARKER, and as long as that file is there nobody dies.
void fault_point(const char* name);
// Whether LECTERN_MUTATE names this guard: then it must not guard.
bool guard_removed(const char* guard);
#else
inline void fault_point(const char*) {}
constexpr bool guard_removed(const char*) { return false; }
#endif

}  // namespace lectern
