// The structure of a script: blocks of running text (headings, paragraphs, verse) with the place of each character,
// and the stretches that are not text.
//
// How it works: a reader (plain or Markdown) appends to blocks exactly the characters that are to be read, in order,
// with line ends resolved; whatever it does not append lies in a gap, and gaps are reported with a reason.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/segmenter.h"

namespace lectern::text {

// Line ends that are heard, as they stand in Block::text.
constexpr char32_t kLinePause = U'\n';     // a line of verse ends: a short pause, the sentence goes on
constexpr char32_t kLineStop = U'\u2029';  // an entry ends: the sentence ends with it

struct Block {
  Break before = Break::paragraph;  // what is heard between the block before and this one
  bool heading = false;
  std::u32string text = {};                // what is read
  std::vector<std::uint32_t> source = {};  // for each character of `text` its position in the script, never descending
  std::string voice = {};                  // who speaks it; empty: the job's voice
  double speed = 1;                        // times the job's
  double pause_before_s = -1;              // the script's own, in place of `before`; negative: none
  bool goes_on = false;                    // its last sentence goes on in the next block
  ScriptPart part = ScriptPart::body;
  std::string chapter = {};                // the title of the chapter that begins here; empty: none

  // The same without text, pause, continuation and chapter.
  Block bare() const {
    return {.before = before, .heading = heading, .voice = voice, .speed = speed, .part = part};
  }

  void append(char32_t c, std::size_t position) {
    text.push_back(c);
    source.push_back(static_cast<std::uint32_t>(position));
  }
};

// A stretch of the script.
struct Range {
  std::size_t begin = 0, end = 0;
};

// Words that the script says in a way of its own, and how; see utterance.h.
struct Utterance {
  enum class Kind { words, phonemes, cardinal, ordinal, characters, telephone, date } kind = Kind::words;
  std::string word, detail;  // as written; the phonemes, or the order of a date's parts
};

struct Document {
  std::u32string_view script;   // not owned
  std::vector<Block> blocks;    // each holds words
  std::vector<Unspoken> marks;  // reasons for stretches outside of blocks, ascending; other gaps are explained by
                                // `gap_reason` or as white space
  std::string gap_reason;       // "punctuation" in plain text, "markup" in Markdown
  std::vector<Range> code = {};  // ascending: blocks and spans of code, and links, in Markdown
  double pause_after_s = -1;     // behind the last block; negative: none
  std::string title = {}, author = {};
  Range title_heading = {};  // the heading that is the title where `title` is empty; empty: none
  std::vector<Utterance> utterances = {};
  std::vector<Range> reworded = {};  // inside of blocks: said in other words or signs than those written
};

// A position as people count it, from 1.
struct Place {
  std::size_t line = 1, column = 1;
};
Place place_of(std::u32string_view script, std::size_t position);

Document read_plain(std::u32string_view script, const std::string& language);
Document read_markdown(std::u32string_view script);

// Which headings begin chapters: all down to the first level that occurs more than once, so that a book's own title does
// not stand in their way. `levels`: of the blocks that are headings, by their number; 1 is the highest.
void begin_chapters(std::vector<Block>& blocks, const std::map<std::size_t, int>& levels);

// Takes out the blocks without words; what was heard before them is heard before the next block.
void drop_silent_blocks(Document& document);
// Puts the marks in order. Where they overlap, the one that begins first is believed.
void sort_marks(Document& document);

// Covers the gap [begin, end) of the document with reasons, appending to `unspoken`.
void explain_gap(const Document& document, std::size_t begin, std::size_t end, std::vector<Unspoken>& unspoken);

// A line that is a drawn rule ("* * *", "-----", "###") and nothing else.
bool is_rule(std::u32string_view line);

}  // namespace lectern::text
