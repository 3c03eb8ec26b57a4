#include "config/script_settings.h"

#include <utility>

namespace lectern {

void ScriptSettings::apply(const ScriptSettings& stronger) {
  if (!stronger.model.empty() && stronger.model != model) {
    model = stronger.model;
    voice.clear();
  }
  const std::pair<std::string*, const std::string*> words[] = {
      {&title, &stronger.title}, {&voice, &stronger.voice}, {&format, &stronger.format}, {&window, &stronger.window},
      {&lexicon, &stronger.lexicon}};
  for (const auto& [mine, said] : words)
    if (!said->empty()) *mine = *said;
  if (stronger.speed) speed = stronger.speed;
  if (stronger.priority) priority = stronger.priority;
  if (stronger.skip) skip = stronger.skip;
  for (const auto& [speaker, voice] : stronger.cast) cast[speaker] = voice;
  delivery.apply(stronger.delivery);
}

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> names{"wav", "flac", "ogg", "opus", "mp3", "m4b"};
  return names;
}

ScriptSettings take_script_settings(YamlFields& fields, bool title) {
  ScriptSettings s;
  const auto given = [&](const char* key) {
    const YAML::Node value = fields.find(key);
    return value.IsDefined() ? std::optional(value) : std::nullopt;
  };
  if (title)
    if (const auto value = given("title")) s.title = fields.text("title", *value);
  if (const auto value = given("model")) s.model = fields.text("model", *value);
  if (const auto value = given("voice")) s.voice = fields.text("voice", *value);
  if (const auto value = given("format")) s.format = fields.choice("format", *value, format_names());
  if (const auto value = given("window")) s.window = fields.text("window", *value);
  if (const auto value = given("lexicon")) s.lexicon = fields.text("lexicon", *value);
  if (const auto value = given("speed")) s.speed = fields.number("speed", *value, 0.5, 2.0);
  if (const auto value = given("priority")) s.priority = fields.whole("priority", *value, -100, 100);
  if (const auto value = given("skip")) s.skip = take_reading(fields, "skip", *value);
  if (const auto value = given("cast")) {
    YamlFields speakers(*value, fields.file(), "'cast'");
    s.cast = take_cast(speakers);
  }
  s.delivery = take_delivery(fields);
  return s;
}

std::map<std::string, std::string> take_cast(YamlFields& speakers) {
  std::map<std::string, std::string> cast;
  for (const std::string& speaker : speakers.keys()) {
    const YAML::Node value = speakers.find(speaker);
    const std::string voice = speakers.text(speaker, value);
    if (speaker.empty() || voice.empty()) speakers.refuse(value, "a speaker or a voice is empty", "write Anna: af_heart");
    cast[speaker] = voice;
  }
  return cast;
}

ScriptSettings parse_script_settings(const std::string& yaml, const std::string& file) {
  YamlFields fields(parse_yaml(yaml, file), file, "");
  ScriptSettings settings = take_script_settings(fields, true);
  fields.finish();
  return settings;
}

}  // namespace lectern
