// What can be said about how a script is narrated: in its front matter, in the file beside it, for its folder, by the
// user. Each place says some of it; the nearer one to the script is the stronger.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/delivery.h"
#include "config/reading.h"
#include "config/strict_yaml.h"

namespace lectern {

struct ScriptSettings {
  std::string title, model, voice, format;  // empty: not said
  std::string window;                       // of config.yaml, or "always"; empty: not said
  std::string lexicon = {};                 // file of pronunciations; relative: to the script's folder; empty: not said
  std::optional<double> speed;              // 0.5 to 2.0
  std::optional<std::int64_t> priority;     // -100 to 100
  // Who speaks the lines that begin with "Anna:": speaker -> voice, or "narrator" for the script's own voice.
  std::map<std::string, std::string> cast = {};
  Delivery delivery = {};
  std::optional<ReadingSettings> skip = {};  // what of the script is not read

  // What `stronger` says stands over what this says. A voice belongs to its model: another model without a voice gets
  // that model's default, and without a cast none.
  void apply(const ScriptSettings& stronger);
};

// The audio formats, each also the extension of its files.
const std::vector<std::string>& format_names();

// Takes the keys of ScriptSettings from a mapping; the caller takes its own keys and calls finish(). `title` only where
// one script is spoken of. Throws Fault(bad_input) with file, line, key and mend.
ScriptSettings take_script_settings(YamlFields& fields, bool title);

// A mapping of speakers and voices, which stands under `cast` or fills a file of its own.
std::map<std::string, std::string> take_cast(YamlFields& speakers);

// All of a text, which holds nothing but these keys: a file NAME.yaml beside a script.
ScriptSettings parse_script_settings(const std::string& yaml, const std::string& file);

}  // namespace lectern
