// Keys and values of what T3 has read: a voice's prefix, computed once, and the own positions of rows in work.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace lectern::chatterbox {

// The speaker vector and the prompt's tokens. They stand at the first positions, whatever follows, so that their keys
// and values hold for every text. Immutable; shared by the rows that speak with the voice.
struct VoicePrefix {
  std::vector<at::Tensor> keys, values;  // a block: [heads, length, 64]
  int64_t length = 0;
};

// A row in work: which place of the cache is its own, and how much of it is filled.
struct DecodeRow {
  std::shared_ptr<const VoicePrefix> prefix;
  int64_t slot = 0;
  int64_t length = 0;  // positions behind the prefix that stand in the cache
  int64_t token = 0;   // the next to read
};

// Places for `slots` rows of up to `capacity` own positions each. On a processor memory is taken as it is filled.
// `prefix_room`: positions for a copy of the prefix before a row's own, where rows do not share it (devices); else 0.
struct KvCache {
  std::vector<at::Tensor> keys, values;  // a block: [slots, heads, prefix_room + capacity, 64]
  int64_t slots, capacity, prefix_room;
};

}  // namespace lectern::chatterbox
