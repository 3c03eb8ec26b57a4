// What a script says to the narrator in brackets, and who speaks it. None of it is ever spoken.
//
//   [voice: anna]        another voice from there on; [voice: narrator] returns to the job's own
//   [pause: 1.5s]        silence of that length in place of the pause that would be there: 500ms, 2s, 1min; without a
//                        length 1 s
//   [speed: 0.9]         another speed from there on, times the job's: 0.5 to 2.0, or 90%; [speed: normal] returns
//   [skip] ... [/skip]   not narrated
//   [tomato](/təˈmɑːtoʊ/)  a word and its sounds; see pronunciation.h
//
// Words count in any case. A backslash before the bracket makes it ordinary text; code and links in Markdown are.
// With a cast a line that begins with "Anna:" is spoken by Anna's voice to the end of its paragraph, without the name.
// What stands in [voice: ...] is a speaker of the cast, else the name of a voice; "narrator" is the job's own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/document.h"

namespace lectern::text {

// Whether the bytes of a script may hold markup, looked at fast.
bool may_have_markup(std::string_view bytes);

class Markup {
 public:
  // Finds the marks of a script; those that begin inside of `code` are ordinary text. Throws Fault(bad_input) for a
  // mark that says nothing sensible, with its line (the first is `first_line`) and column, and when speakers are
  // missing in the cast, with all of their names.
  Markup(std::u32string_view script, const std::map<std::string, std::string>& cast, const std::vector<Range>& code,
         std::size_t first_line = 1);

  // What the readers of the document are given: lines that are nothing but marks are empty, and so is what is skipped.
  const std::u32string& readable() const { return readable_; }
  // Cuts the document's blocks where voice or speed change, at pauses and at what is skipped, and takes the marks out.
  void place(Document& document) const;

 private:
  enum class Kind { voice, speaker, pause, speed, skip, pronunciation };
  struct Mark {
    Kind kind = Kind::voice;
    std::size_t begin = 0, end = 0;              // in the script
    std::string voice;                           // empty: the job's
    double value = 0;                            // seconds of a pause, factor of a speed
    std::size_t inner_begin = 0, inner_end = 0;  // what is skipped
    std::string word = {}, ipa = {};             // of a pronunciation
    bool stands_in_text() const { return kind == Kind::speaker || kind == Kind::pronunciation; }
  };
  class Placement;

  void find_brackets(const std::vector<Range>& code);
  std::size_t skip_from(std::size_t begin, std::size_t end);
  void find_speakers();
  void find_speaker(std::u32string_view line, std::size_t at, const std::vector<Range>& skipped);
  void blank_marks();
  static bool is_inside(const std::vector<Range>& ranges, std::size_t position);
  std::string voice_of(const std::string& name) const;
  [[noreturn]] void refuse(std::size_t position, const std::string& what, const std::string& mend) const;

  std::u32string_view script_;
  std::size_t first_line_;
  std::map<std::string, std::string> cast_;  // by the speaker's name in lower case
  std::u32string readable_;
  std::vector<Mark> marks_;  // ascending, disjoint
  std::vector<std::string> missing_;
};

}  // namespace lectern::text
