#include "broker/text/extraction.h"

#include <algorithm>
#include <utility>

#include "broker/text/characters.h"
#include "broker/text/utterance.h"
#include "config/fault.h"

namespace lectern::text {

void Extraction::put(char32_t c) {
  if (text_.size() >= kMostCharacters)
    throw Fault(Exit::bad_input, "it holds more than " + std::to_string(kMostCharacters) + " characters of text",
                "split it into several documents");
  text_.push_back(c);
}

// What was left out inside of the block stands behind it.
void Extraction::flush() {
  for (const LeftOut& found : std::exchange(left_out_, {})) {
    separate();
    const std::size_t begin = text_.size();
    for (const char32_t c : found.text) put(c);
    marks_.push_back({begin, text_.size(), found.reason});
  }
}

void Extraction::separate() {
  if (!text_.empty()) put(U'\n'), put(U'\n');
}

void Extraction::begin_block(Break before, bool heading) {
  if (open_) {
    open_ = false;
    before_ = Break::clause;
  }
  flush();
  before_ = std::max(before_, before);
  heading_ = heading;
  level_ = 0;
  blank_ = false;
}

void Extraction::begin_heading(int level) {
  begin_block(Break::section, true);
  level_ = level;
}

Block& Extraction::open_block() {
  if (open_) return blocks_.back();
  separate();
  blocks_.push_back({.before = before_,
                     .heading = heading_,
                     .voice = voice,
                     .speed = speed,
                     .pause_before_s = pause_s_,
                     .part = part});
  if (level_ > 0) levels_.emplace(blocks_.size() - 1, level_);
  level_ = 0;
  before_ = Break::clause;
  pause_s_ = -1;
  blank_ = false;
  open_ = true;
  return blocks_.back();
}

void Extraction::text(std::string_view utf8) { text(std::u32string_view(to_code_points(utf8))); }

void Extraction::text(std::u32string_view text) {
  for (const char32_t c : text) {
    if (is_space(c)) {
      blank_ = open_;
      continue;
    }
    Block& block = open_block();
    if (std::exchange(blank_, false) && !is_space(block.text.back())) {
      block.append(U' ', text_.size());
      put(U' ');
    }
    block.append(c, text_.size());
    put(c);
  }
}

void Extraction::text_as(std::u32string_view written, std::u32string_view said) {
  written = trim(written);
  said = trim(said);
  if (written.empty() || said.empty()) return;
  Block& block = open_block();
  if (std::exchange(blank_, false) && !is_space(block.text.back())) {
    block.append(U' ', text_.size());
    put(U' ');
  }
  const std::size_t begin = text_.size();
  for (const char32_t c : written) put(is_space(c) ? U' ' : c);
  for (std::size_t i = 0; i < said.size(); ++i) block.append(said[i], i + 1 < said.size() ? begin : text_.size() - 1);
}

void Extraction::text_as(std::u32string_view written, Utterance said) {
  if (utterances_.size() >= Utterances::kMost) return text(written);
  utterances_.push_back(std::move(said));
  text_as(written, Utterances::letters_of(utterances_.size() - 1));
}

void Extraction::end_line() {
  if (!open_ || blocks_.back().text.back() == kLinePause) return;
  blocks_.back().append(kLinePause, text_.size());
  put(U'\n');
  blank_ = false;
}

void Extraction::end_cell() {
  if (!open_) return;
  Block& block = blocks_.back();
  if (block.text.back() == U' ') return;
  if (is_word(block.text.back())) block.append(U',', text_.size());
  block.append(U' ', text_.size());
  put(U'\t');
  blank_ = false;
}

void Extraction::leave_out(std::string_view utf8, const std::string& reason) {
  std::u32string text;
  for (const char32_t c : to_code_points(utf8)) {
    if (!is_space(c))
      text += c;
    else if (!text.empty() && text.back() != U' ')
      text += U' ';
  }
  while (!text.empty() && text.back() == U' ') text.pop_back();
  if (text.empty()) return;
  left_out_.push_back({std::move(text), reason});
  if (!open_) flush();
}

void Extraction::pause(double seconds) {
  interrupt();
  pause_s_ = std::max(pause_s_, 0.0) + seconds;
}

void Extraction::interrupt() {
  if (!open_) return;
  Block& block = blocks_.back();
  block.goes_on = !ends_sentence(trim(block.text));
  const bool goes_on = block.goes_on, heading = block.heading;
  begin_block(goes_on ? Break::clause : Break::sentence, heading);
}

void Extraction::chapter(const std::string& anchor, const std::string& title) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end() || title.empty()) return;
  const std::size_t position = found->second;
  const auto block =
      std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& b) { return b.source.back() < position; });
  if (block == blocks_.end()) return;
  // Of several that begin with one block the outermost of the last place counts.
  const auto index = static_cast<std::size_t>(block - blocks_.begin());
  const auto [known, fresh] = chapters_.emplace(index, position);
  if (!fresh && known->second == position) return;
  known->second = position;
  block->chapter = title;
  block->before = Break::chapter;
}

Extracted Extraction::finish() && {
  open_ = false;
  flush();
  if (chapters_.empty()) begin_chapters(blocks_, levels_);
  Extracted result;
  result.text = std::move(text_);
  result.document.blocks = std::move(blocks_);
  result.document.marks = std::move(marks_);
  result.document.utterances = std::move(utterances_);
  result.document.gap_reason = "markup";
  result.document.pause_after_s = pause_s_;
  result.document.title = std::move(title);
  result.document.author = std::move(author);
  for (Block& block : result.document.blocks) {  // a line end at the end of a block is not heard
    while (!block.text.empty() && is_space(block.text.back())) {
      block.text.pop_back();
      block.source.pop_back();
    }
  }
  return result;
}

}  // namespace lectern::text
