// Whether a model may be loaded, and with how many segments at once: never into memory that is not there. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern {

// The memory that an engine would take from: a device's, or the machine's for the processor.
struct MemoryRoom {
  bool known = false;  // false: nobody tells; the engine is let in
  std::uint64_t total_bytes = 0, free_bytes = 0;
};

// What loading a model asks for.
struct MemoryWish {
  std::string model, device;
  std::vector<protocol::Measure> measures;  // what was learned of this model on this device; may be empty
  std::uint64_t least_bytes = 0;            // by the catalogue, with one segment at a time; 0: not known
  std::uint64_t reserve_bytes = 0;          // stays free beside it
  std::int64_t most_lanes = 0;              // no more segments at once; 0: no limit
};

struct Admission {
  bool fits = true;
  bool ever = true;             // false: not even an empty device would do
  std::int64_t most_lanes = 0;  // what the engine is told when it fits; 0: as many as it likes
  std::string reason;           // when it does not fit
};

// The most segments at once whose peak fits.
Admission admit(const MemoryWish& wish, const MemoryRoom& room);

// What was learned of engines: kept for the models and devices that were seen, one measure for each number of lanes.
class Measures {
 public:
  // What the broker kept replaces what is known; what this agent sees itself joins it.
  void learn(const protocol::Measure& measure);
  std::vector<protocol::Measure> of(const std::string& model, const std::string& device) const;
  // The longest load that is known; 0: none is.
  double loading_s(const std::string& model, const std::string& device) const;

 private:
  std::vector<protocol::Measure> measures_;
};

}  // namespace lectern
