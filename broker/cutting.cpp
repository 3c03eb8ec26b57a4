#include "broker/cutting.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/text/markup.h"
#include "broker/text/segmenter.h"

namespace lectern {

std::map<std::string, std::string> parse_cast(const protocol::Json& cast) {
  if (cast.is_null()) return {};
  const auto is_word = [](const protocol::Json& voice) { return voice.is_string() && !voice.empty(); };
  if (!cast.is_object() || !std::all_of(cast.begin(), cast.end(), is_word))
    throw Fault(Exit::bad_input, "field 'cast': must be a JSON object of speakers and voices");
  return cast.get<std::map<std::string, std::string>>();
}

bool has_markup(std::string_view bytes, const std::map<std::string, std::string>& cast) {
  return !cast.empty() || text::may_have_markup(bytes);
}

CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound, const ScriptVoices& voices, const ReadingSettings& reading) {
  text::SegmenterOptions options;
  options.format = text::find_format(text_format);
  options.language = sound.language;
  options.max_segment_chars = sound.max_segment_chars;
  options.tags = sound.tags;
  options.silent_tags = sound.silent_tags;
  options.cast = voices.cast;
  options.reading = reading;
  const text::Segmentation cut = text::segment_file(bytes, name, options);

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
    if (segment.pause_s >= 0) row.pause_s = segment.pause_s;
    row.speed = segment.speed;
    SoundSettings speaks = sound_of(segment.voice);
    speaks.speed *= segment.speed;
    if (speaks.speed < 0.4999 || speaks.speed > 2.0001)
      throw Fault(Exit::bad_input,
                  fmt::format("{}: its speed {} times the job's {} is {} at '{}'", name, segment.speed, sound.speed,
                              speaks.speed, segment.spoken.substr(0, 60)),
                  "0.5 to 2.0 can be spoken: change one of the two");
    if (speaks.voice != sound.voice) row.voice = speaks.voice;
    row.take = take_key(speaks, segment.spoken, row.seed);
    for (char c : segment.spoken) result.characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    result.segments.push_back(std::move(row));
  }
  protocol::Json unspoken = protocol::Json::array();
  for (const text::Unspoken& stretch : cut.unspoken) unspoken.push_back({stretch.begin, stretch.end, stretch.reason});
  result.unspoken = unspoken.dump();
  result.left_out = protocol::Json::object();
  for (const auto& [reason, characters] : text::left_out(cut)) result.left_out[reason] = characters;
  for (const ScriptPart part : cut.parts)
    if (!reading.skip.contains(part)) result.skippable.push_back(kScriptPartNames[static_cast<int>(part)]);
  protocol::Json chapters = protocol::Json::array();
  for (const text::Chapter& chapter : cut.chapters)
    chapters.push_back({{"segment", chapter.segment}, {"title", chapter.title}});
  result.title = cut.title;
  result.structure = protocol::Json{{"title", cut.title}, {"author", cut.author}, {"chapters", chapters}}.dump();
  return result;
}

}  // namespace lectern
