// Whatever bytes a script has, it is either refused with a Fault or cut so that no character is left out or taken
// twice, and every segment can be spoken. The first byte chooses format, language and limit.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "broker/text/segmenter.h"
#include "config/fault.h"

namespace text = lectern::text;

namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::size_t code_points(const std::string& utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr const char* kLanguages[] = {"en-us", "en-gb", "es", "fr", "hi", "it", "pt-br", "en-us"};
  text::SegmenterOptions options;
  options.format = data[0] & 1 ? text::Format::markdown : text::Format::plain;
  options.language = kLanguages[(data[0] >> 1) & 7];
  options.max_segment_chars = data[0] & 16 ? 40 : data[0] & 32 ? 101 : 300;
  options.join_fragments = data[0] & 8;
  if (data[0] & 64) (data[0] & 128 ? options.tags : options.silent_tags) = {"[laugh]", "[clear throat]", "[sigh]"};
  try {
    const std::string script = text::decode_script({reinterpret_cast<const char*>(data) + 1, size - 1}, "script.txt");
    const text::Segmentation cut = text::segment_script(script, options);
    require(cut.characters == code_points(script), "the script's length");
    require(!cut.segments.empty(), "nothing to speak, and no Fault");
    std::size_t at = 0, s = 0, u = 0;
    while (s < cut.segments.size() || u < cut.unspoken.size()) {
      if (s < cut.segments.size() && cut.segments[s].begin == at) {
        const text::Segment& segment = cut.segments[s++];
        require(segment.end > segment.begin, "an empty segment");
        require(!segment.spoken.empty(), "a segment without words");
        require(code_points(segment.spoken) <= options.max_segment_chars, "a segment beyond the limit");
        at = segment.end;
      } else {
        require(u < cut.unspoken.size() && cut.unspoken[u].begin == at, "a stretch left out or taken twice");
        require(!cut.unspoken[u].reason.empty(), "left out without a reason");
        require(cut.unspoken[u].end > at, "an empty stretch");
        at = cut.unspoken[u++].end;
      }
    }
    require(at == cut.characters, "the end is missing");
  } catch (const lectern::Fault&) {
  }
  return 0;
}
