// The text that a document holds (EPUB, HTML, DOCX, subtitles, SSML), with its structure.
//
// How it works: the reader of a format tells what it meets, in order. Everything that a person could read goes into the
// extracted text, whether it will be spoken (blocks) or not (marks, with the reason), so that nothing is lost unseen,
// and the same bytes always give the same text. White space is made one blank; blocks stand on lines of their own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/document.h"

namespace lectern::text {

struct Extracted {
  std::u32string text;  // what positions count in
  Document document;    // its `script` is empty: set it to `text` where that stays
};

class Extraction {
 public:
  // What comes next is a block of its own; `before` is heard before it, or what was asked for and weighs more.
  void begin_block(Break before = Break::paragraph, bool heading = false);
  // The same for a heading of that level, 1 the highest. Which levels begin chapters is known at the end: all down to
  // the first that comes more than once.
  void begin_heading(int level);
  // What comes next is a paragraph.
  void end_block() { begin_block(); }
  // Running text. White space is one blank, and none at both ends of a block.
  void text(std::string_view utf8);
  void text(std::u32string_view text);
  // `said` stands in the text as `written`, and is spoken as `said`.
  void text_as(std::u32string_view written, std::u32string_view said);
  // The same for what is said in a way of its own.
  void text_as(std::u32string_view written, Utterance said);
  // A line of verse, or one that was ended by force.
  void end_line();
  // From one cell of a row to the next.
  void end_cell();
  // Readable and not spoken: stands behind the block in which it was found.
  void leave_out(std::string_view utf8, const std::string& reason);

  // A pause in place of the one that would be there; the sentence around it goes on behind it.
  void pause(double seconds);
  // Voice, speed or part change inside of a sentence.
  void interrupt();
  std::string voice = {};  // of the blocks that begin from now on, as `speed` and `part`
  double speed = 1;
  ScriptPart part = ScriptPart::body;

  // What comes next has this name ("chapter1.xhtml#start").
  void anchor(const std::string& name) { anchors_.emplace(name, text_.size()); }
  // A chapter begins at an anchor, with a block of its own; unknown anchors change nothing. In the order of the text.
  void chapter(const std::string& anchor, const std::string& title);
  std::string title = {}, author = {};

  // Throws Fault(bad_input) when the text is larger than kMostCharacters, as all that add text do.
  Extracted finish() &&;

  static constexpr std::size_t kMostCharacters = 40'000'000;

 private:
  struct LeftOut {
    std::u32string text;
    std::string reason;
  };
  Block& open_block();
  void put(char32_t c);
  void separate();
  void flush();

  std::u32string text_;
  std::vector<Block> blocks_;
  std::vector<Unspoken> marks_;
  std::vector<Utterance> utterances_;
  std::vector<LeftOut> left_out_;  // found inside of the open block
  std::map<std::string, std::size_t> anchors_;
  std::map<std::size_t, std::size_t> chapters_;  // block -> where its anchor was
  std::map<std::size_t, int> levels_;            // of the blocks that are headings
  int level_ = 0;
  bool open_ = false, blank_ = false, heading_ = false;
  Break before_ = Break::paragraph;
  double pause_s_ = -1;
};

}  // namespace lectern::text
