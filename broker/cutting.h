// A script becomes segments with the keys of their takes. Pure: runs on the pool.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker/store/store.h"
#include "broker/take_key.h"
#include "broker/text/segmenter.h"
#include "config/lexicon.h"
#include "config/reading.h"

namespace lectern {

// The entries of a job as they are stored.
Lexicon stored_lexicon(const std::string& json);

struct CutScript {
  std::vector<NewSegment> segments;
  std::string unspoken;          // JSON [[begin, end, reason], ...]
  std::string structure;         // JSON {title, author, leading_pause_s, chapters: [{segment, title}]}
  std::string title;             // as in `structure`
  std::uint64_t characters = 0;  // to be spoken
  protocol::Json left_out;       // {reason: characters}: words that nobody speaks
  std::vector<std::string> skippable;  // parts that are read, and need not be
};

// What besides the job's sound says how its script is cut.
struct ScriptRules {
  std::map<std::string, std::string> cast;  // who speaks the lines that begin with "Speaker:"
  // The sound of another voice, by its name; throws Fault when the model cannot speak it. Called once a name.
  std::function<SoundSettings(const std::string& voice)> sound;
  Lexicon lexicon;
  ReadingSettings reading;
};
// From what is stored with a job, each JSON or empty.
ScriptRules script_rules(const std::string& cast, const std::string& lexicon, const std::string& reading,
                         std::function<SoundSettings(const std::string& voice)> sound);
// The cast as it is stored and sent: a JSON object, or nothing. Throws Fault(bad_input) for anything else.
std::map<std::string, std::string> parse_cast(const protocol::Json& cast);

// The script as the text library cuts it, with `max_segment_chars` of `sound`. Throws as cut_script() does.
text::Segmentation read_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                               const SoundSettings& sound, const ScriptRules& rules);

// Throws Fault(bad_input) when the script is not text or nothing in it can be spoken. `name` is the script's, for the
// message; `text_format` is one of script_format.h.
CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound, const ScriptRules& rules);
// What is spoken for a text that a user gives in the place of a segment's. Throws Fault(bad_input) when nothing in it can
// be spoken, and when it is longer than the model's segments may be.
std::string spoken_text(const std::string& text, const SoundSettings& sound, const Lexicon& lexicon);
// Whether a script may have markup or more than one voice: then it is worth being cut before it is accepted.
bool has_markup(std::string_view bytes, const std::map<std::string, std::string>& cast);

}  // namespace lectern
