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

Lexicon stored_lexicon(const std::string& json) {
  return json.empty() ? Lexicon() : lexicon_of(protocol::Json::parse(json));
}

ScriptRules script_rules(const std::string& cast, const std::string& lexicon, const std::string& reading,
                         std::function<SoundSettings(const std::string& voice)> sound) {
  const auto stored = [](const std::string& json) { return json.empty() ? protocol::Json() : protocol::Json::parse(json); };
  return {parse_cast(stored(cast)), std::move(sound), stored_lexicon(lexicon), parse_reading_json(stored(reading))};
}

bool has_markup(std::string_view bytes, const std::map<std::string, std::string>& cast) {
  return !cast.empty() || text::may_have_markup(bytes);
}

namespace {

text::SegmenterOptions options_for(const SoundSettings& sound, const Lexicon& lexicon) {
  text::SegmenterOptions options;
  options.language = sound.language;
  options.max_segment_chars = sound.max_segment_chars;
  options.tags = sound.tags;
  options.silent_tags = sound.silent_tags;
  options.lexicon = lexicon;
  options.voice = sound.voice;
  options.phonemes = sound.phonemes;
  options.join_fragments = sound.join_fragments;
  return options;
}

std::size_t code_points(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string spoken_text(const std::string& text, const SoundSettings& sound, const Lexicon& lexicon) {
  std::string spoken;
  for (const text::Segment& segment : text::segment_script(text, options_for(sound, lexicon)).segments)
    spoken += (spoken.empty() ? "" : " ") + segment.spoken;
  if (const std::size_t length = code_points(spoken); length > sound.max_segment_chars)
    throw Fault(Exit::bad_input,
                "the text is spoken with " + std::to_string(length) +
                    " characters; a segment of this model has at most " +
                    std::to_string(sound.max_segment_chars),
                "shorten it, or change the script and submit it again: only what changed is spoken");
  return spoken;
}

text::Segmentation read_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                               const SoundSettings& sound, const ScriptRules& rules) {
  text::SegmenterOptions options = options_for(sound, rules.lexicon);
  options.format = text::find_format(text_format);
  options.cast = rules.cast;
  options.reading = rules.reading;
  return text::segment_file(bytes, name, options);
}

CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound, const ScriptRules& rules) {
  const text::Segmentation cut = read_script(bytes, name, text_format, sound, rules);
  std::map<std::string, SoundSettings> sounds = {{"", sound}};
  const auto sound_of = [&](const std::string& voice) -> const SoundSettings& {
    if (const auto found = sounds.find(voice); found != sounds.end()) return found->second;
    SoundSettings other = rules.sound(voice);
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
    result.characters += code_points(segment.spoken);
    result.segments.push_back(std::move(row));
  }
  protocol::Json unspoken = protocol::Json::array();
  std::vector<text::Unspoken> stretches;
  std::merge(cut.unspoken.begin(), cut.unspoken.end(), cut.within.begin(), cut.within.end(),
             std::back_inserter(stretches),
             [](const text::Unspoken& a, const text::Unspoken& b) { return a.begin < b.begin; });
  for (const text::Unspoken& stretch : stretches) unspoken.push_back({stretch.begin, stretch.end, stretch.reason});
  result.unspoken = unspoken.dump();
  result.left_out = protocol::Json::object();
  for (const auto& [reason, characters] : text::left_out(cut)) result.left_out[reason] = characters;
  for (const ScriptPart part : cut.parts)
    if (!rules.reading.skip.contains(part)) result.skippable.push_back(kScriptPartNames[static_cast<int>(part)]);
  protocol::Json chapters = protocol::Json::array();
  for (const text::Chapter& chapter : cut.chapters)
    chapters.push_back({{"segment", chapter.segment}, {"title", chapter.title}});
  result.title = cut.title;
  const protocol::Json structure = {{"title", cut.title},
                                    {"author", cut.author},
                                    {"leading_pause_s", cut.leading_pause_s},
                                    {"chapters", chapters}};
  result.structure = structure.dump();
  return result;
}

}  // namespace lectern
