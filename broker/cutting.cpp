#include "broker/cutting.h"

#include <algorithm>

#include "broker/text/segmenter.h"
#include "broker/text/voices.h"

namespace lectern {

std::map<std::string, std::string> parse_cast(const protocol::Json& cast) {
  if (cast.is_null()) return {};
  const auto is_word = [](const protocol::Json& voice) { return voice.is_string() && !voice.empty(); };
  if (!cast.is_object() || !std::all_of(cast.begin(), cast.end(), is_word))
    throw Fault(Exit::bad_input, "field 'cast': must be a JSON object of speakers and voices");
  return cast.get<std::map<std::string, std::string>>();
}

bool has_voices(std::string_view bytes, const std::map<std::string, std::string>& cast) {
  return !cast.empty() || text::may_name_voice(bytes);
}

CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound, const ScriptVoices& voices) {
  text::SegmenterOptions options;
  options.format = text_format == "markdown" ? text::Format::markdown : text::Format::plain;
  options.language = sound.language;
  options.max_segment_chars = sound.max_segment_chars;
  options.tags = sound.tags;
  options.silent_tags = sound.silent_tags;
  options.cast = voices.cast;
  options.join_fragments = sound.join_fragments;
  const text::Segmentation cut = text::segment_script(text::decode_script(bytes, name), options);

  std::map<std::string, SoundSettings> sounds = {{"", sound}};
  const auto sound_of = [&](const std::string& voice) -> const SoundSettings& {
    if (const auto found = sounds.find(voice); found != sounds.end()) return found->second;
    SoundSettings other = voices.sound(voice);
    other.seed = sound.seed;
    return sounds.emplace(voice, std::move(other)).first->second;
  };
  CutScript result;
  for (const text::Segment& segment : cut.segments) {
    NewSegment row;
    row.begin = segment.begin;
    row.end = segment.end;
    row.pause = text::kBreakNames[static_cast<int>(segment.after)];
    row.spoken = segment.spoken;
    row.seed = segment_seed(sound.seed, segment.spoken);
    const SoundSettings& speaks = sound_of(segment.voice);
    if (speaks.voice != sound.voice) row.voice = speaks.voice;
    row.take = take_key(speaks, segment.spoken, row.seed);
    for (char c : segment.spoken) result.characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    result.segments.push_back(std::move(row));
  }
  protocol::Json unspoken = protocol::Json::array();
  for (const text::Unspoken& stretch : cut.unspoken) unspoken.push_back({stretch.begin, stretch.end, stretch.reason});
  result.unspoken = unspoken.dump();
  return result;
}

}  // namespace lectern
