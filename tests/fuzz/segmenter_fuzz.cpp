// Whatever bytes a script has, it is either refused with a Fault or cut so that no character is left out or taken
// twice, and every segment can be spoken. The first byte chooses format, language and limit.
#include <string>

#include "config/fault.h"
#include "tests/fuzz/coverage.h"

namespace text = lectern::text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr const char* kLanguages[] = {"en-us", "en-gb", "es", "fr", "hi", "it", "pt-br", "en-us"};
  text::SegmenterOptions options;
  options.format = data[0] & 1 ? text::Format::markdown : text::Format::plain;
  options.language = kLanguages[(data[0] >> 1) & 7];
  options.max_segment_chars = data[0] & 16 ? 40 : data[0] & 32 ? 101 : 300;
  options.join_fragments = data[0] & 8;
  if (data[0] & 64) (data[0] & 128 ? options.tags : options.silent_tags) = {"[laugh]", "[clear throat]", "[sigh]"};
  if (data[0] & 128) options.reading.skip = {lectern::ScriptPart::contents, lectern::ScriptPart::boilerplate};
  try {
    const std::string script = text::decode_script({reinterpret_cast<const char*>(data) + 1, size - 1}, "script.txt");
    text::require_coverage(script, text::segment_script(script, options), options.max_segment_chars);
  } catch (const lectern::Fault&) {
  }
  return 0;
}
