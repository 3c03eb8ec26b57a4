// A script becomes segments with the keys of their takes. Pure: runs on the pool.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "broker/store.h"
#include "broker/take_key.h"
#include "config/reading.h"

namespace lectern {

struct CutScript {
  std::vector<NewSegment> segments;
  std::string unspoken;          // JSON [[begin, end, reason], ...]
  std::string structure;         // JSON {title, author, chapters: [{segment, title}]}
  std::string title;             // as in `structure`
  std::uint64_t characters = 0;  // to be spoken
  protocol::Json left_out;       // {reason: characters}: words that nobody speaks
  std::vector<std::string> skippable;  // parts that are read, and need not be
};

// The voices of a script besides the job's: who speaks the lines that begin with "Speaker:", and the sound of a voice
// by its name, which throws Fault when the model cannot speak it. Called once a name.
struct ScriptVoices {
  std::map<std::string, std::string> cast;
  std::function<SoundSettings(const std::string& voice)> sound;
};
// The cast as it is stored and sent: a JSON object, or nothing. Throws Fault(bad_input) for anything else.
std::map<std::string, std::string> parse_cast(const protocol::Json& cast);

// Throws Fault(bad_input) when the script is not text or nothing in it can be spoken. `name` is the script's, for the
// message; `text_format` is one of script_format.h.
CutScript cut_script(std::string_view bytes, const std::string& name, const std::string& text_format,
                     const SoundSettings& sound, const ScriptVoices& voices, const ReadingSettings& reading = {});
// Whether a script may have markup or more than one voice: then it is worth being cut before it is accepted.
bool has_markup(std::string_view bytes, const std::map<std::string, std::string>& cast);

}  // namespace lectern
