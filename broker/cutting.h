// A script becomes segments with the keys of their takes. Pure: runs on the pool.
#pragma once

#include <string>
#include <vector>

#include "broker/store.h"
#include "broker/take_key.h"

namespace lectern {

struct CutScript {
  std::vector<NewSegment> segments;
  std::string unspoken;          // JSON [[begin, end, reason], ...]
  std::uint64_t characters = 0;  // to be spoken
};

// Throws Fault(bad_input) when the script is not text or nothing in it can be spoken. `name` is the script's, for the
// message; `text_format` is plain or markdown.
CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound);

}  // namespace lectern
