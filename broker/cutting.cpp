#include "broker/cutting.h"

#include "broker/text/segmenter.h"

namespace lectern {
CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound) {
  text::SegmenterOptions options;
  options.format = text_format == "markdown" ? text::Format::markdown : text::Format::plain;
  options.language = sound.language;
  options.max_segment_chars = sound.max_segment_chars;
  options.tags = sound.tags;
  options.silent_tags = sound.silent_tags;
  const text::Segmentation cut = text::segment_script(text::decode_script(bytes, name), options);

  CutScript result;
  for (const text::Segment& segment : cut.segments) {
    NewSegment row;
    row.begin = segment.begin;
    row.end = segment.end;
    row.pause = text::kBreakNames[static_cast<int>(segment.after)];
    row.spoken = segment.spoken;
    row.seed = segment_seed(sound.seed, segment.spoken);
    row.take = take_key(sound, segment.spoken, row.seed);
    for (char c : segment.spoken) result.characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    result.segments.push_back(std::move(row));
  }
  protocol::Json unspoken = protocol::Json::array();
  for (const text::Unspoken& stretch : cut.unspoken) unspoken.push_back({stretch.begin, stretch.end, stretch.reason});
  result.unspoken = unspoken.dump();
  return result;
}

}  // namespace lectern
