#include "broker/cutting.h"

#include <fmt/format.h>

#include "broker/text/segmenter.h"
#include "config/sha256.h"

namespace lectern {
namespace {

// Each part with its length before it, so that no two lists of parts read the same.
void add_part(Sha256& hash, std::string_view part) {
  hash.update(std::to_string(part.size()) + ":");
  hash.update(part);
}

const char* pause_name(text::Break after) {
  constexpr const char* kNames[] = {"sentence", "paragraph", "section", "chapter", "end"};
  return kNames[static_cast<int>(after)];
}

}  // namespace

std::string take_key(const SoundSettings& sound, std::string_view spoken, std::uint64_t seed) {
  Sha256 hash;
  for (const std::string& part : {std::string("lectern-take-1"), sound.model, sound.model_hash,
                                  std::to_string(sound.revision), sound.voice, sound.voice_hash, sound.precision,
                                  fmt::format("{:.6f}", sound.speed), std::to_string(seed)})
    add_part(hash, part);
  add_part(hash, spoken);
  return hash.finish();
}

std::uint64_t segment_seed(std::uint64_t job_seed, std::string_view spoken) {
  Sha256 hash;
  add_part(hash, std::to_string(job_seed));
  add_part(hash, spoken);
  return std::stoull(hash.finish().substr(0, 16), nullptr, 16) >> 1;  // SQLite's integers are signed
}

CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound) {
  text::SegmenterOptions options;
  options.format = text_format == "markdown" ? text::Format::markdown : text::Format::plain;
  options.language = sound.language;
  options.max_segment_chars = sound.max_segment_chars;
  const text::Segmentation cut = text::segment_script(text::decode_script(bytes, name), options);

  CutScript result;
  for (const text::Segment& segment : cut.segments) {
    NewSegment row;
    row.begin = segment.begin;
    row.end = segment.end;
    row.pause = pause_name(segment.after);
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
