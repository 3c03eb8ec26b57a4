// Whether a model may be loaded: never into memory that is not there. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace lectern {

// The memory that an engine would take from: a device's, or the machine's for the processor.
struct MemoryRoom {
  bool known = false;  // false: nobody tells; the engine is let in
  std::uint64_t total_bytes = 0, free_bytes = 0;
  std::string holders;  // who has the rest, for people; may be empty
};

struct Admission {
  bool fits = true;
  bool ever = true;    // false: not even an empty device would do
  std::string reason;  // when it does not fit
};

// `need_bytes`: the engine's peak, learned or by the catalogue; `reserve_bytes` stays free beside it.
Admission admit(const std::string& model, const std::string& device, std::uint64_t need_bytes,
                std::uint64_t reserve_bytes, const MemoryRoom& room);

}  // namespace lectern
