// A voice mixed from several of one model: "af_heart:0.6+bm_george:0.4". Without weights all count the same.
#pragma once

#include <string>
#include <vector>

namespace lectern {

struct BlendPart {
  std::string voice;
  double weight = 1;  // of all parts together: 1
};

// Whether a voice's name is a blend: names of voices have no '+' and no ':'.
bool is_blend(const std::string& voice);
// Throws Fault(bad_input) naming the part that cannot be read. Two to eight parts, each voice once.
std::vector<BlendPart> parse_blend(const std::string& text);
// The one way to write it: the same blend has the same name, whatever its weights were written as.
std::string blend_name(const std::vector<BlendPart>& parts);

}  // namespace lectern
