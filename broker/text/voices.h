// Who speaks what: "[voice: anna]" in a script changes the voice from there on, and with a cast a line that begins with
// "Anna:" is spoken by Anna's voice to the end of its paragraph, without the name.
//
// "[voice: narrator]" returns to the job's own voice; so does a speaker whose voice in the cast is "narrator". What
// stands in the brackets is a speaker of the cast, else the name of a voice.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/document.h"

namespace lectern::text {

// Whether the bytes of a script may hold "[voice: ...]", looked at fast.
bool may_name_voice(std::string_view bytes);

class VoiceMarks {
 public:
  // Finds the marks of a script. Throws Fault(bad_input) when speakers are missing in the cast, with all of their
  // names.
  VoiceMarks(std::u32string_view script, const std::map<std::string, std::string>& cast);

  // What the readers of the document are given: lines that are nothing but a mark are empty.
  const std::u32string& readable() const { return readable_; }
  // Cuts the document's blocks where the voice changes, tells each its voice, and takes the marks out.
  void place(Document& document) const;

 private:
  struct Mark {
    std::size_t begin = 0, end = 0;  // in the script
    std::string voice;               // empty: the job's
    bool speaker = false;            // holds to the end of the paragraph
  };
  void find_brackets(std::u32string_view line, std::size_t at);
  void find_speaker(std::u32string_view line, std::size_t at);
  std::string voice_of(const std::string& name) const;

  std::map<std::string, std::string> cast_;  // by the speaker's name in lower case
  std::u32string readable_;
  std::vector<Mark> marks_;  // ascending
  std::vector<std::string> missing_;
};

}  // namespace lectern::text
