#include "broker/text/block_cutter.h"

#include <algorithm>

#include "broker/text/abbreviation.h"
#include "broker/text/characters.h"
#include "broker/text/fragments.h"
#include "broker/text/reader.h"
#include "broker/text/roman.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

// Whether the text ends in a word, closing quotes and brackets aside: with no mark that says how the voice goes on.
bool is_open(std::u32string_view text) {
  while (!text.empty() && (is_space(text.back()) || is_closing(text.back()))) text.remove_suffix(1);
  return !text.empty() && is_word(text.back());
}

// "Esq." at the end of a line of an address.
bool ends_abbreviated(std::u32string_view text) {
  if (text.empty() || text.back() != U'.') return false;
  std::size_t begin = text.size() - 1;
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  return find_abbreviation(text, begin, text.size() - 1) != nullptr;
}

// Cuts one block.
class BlockCutter {
 public:
  BlockCutter(const Block& block, const SegmenterOptions& options, const Language& language,
              const SpeakText& as_spoken)
      : block_(block), text_(block.text), options_(options), language_(language), as_spoken_(as_spoken) {}

  std::vector<Piece> cut() {
    for (const Span& sentence : split_sentences(text_, language_)) {
      const std::size_t first = pieces_.size();
      fit(sentence);
      for (std::size_t i = first; i + 1 < pieces_.size(); ++i) pieces_[i].ends_sentence = false;
    }
    join_fragments();
    end_entries();
    if (block_.goes_on && !pieces_.empty()) pieces_.back().ends_sentence = false;
    return std::move(pieces_);
  }

 private:
  std::size_t limit() const { return options_.max_segment_chars; }

  Piece speak(Span span) const {
    Piece piece{span, as_spoken_(as_written(span)), 0};
    piece.length = count_code_points(piece.spoken);
    return piece;
  }

  // The text of a span with its line ends as punctuation.
  std::u32string as_written(Span span) const {
    std::u32string written;
    written.reserve(span.size() + 8);
    for (std::size_t i = span.begin; i < span.end; ++i) {
      const char32_t c = text_[i];
      if (c == kLinePause || c == kLineStop) {
        if (is_open(written) || (c == kLinePause && ends_abbreviated(written))) written += c == kLineStop ? U'.' : U',';
        written += U' ';
      } else {
        written += c;
      }
    }
    return block_.heading && span.begin == 0 ? number_heading(written) : written;
  }

  // "IV. The Garden" and "IV" alone are numbered headings, and so is "Capítulo IV": English has a reader for it.
  std::u32string number_heading(const std::u32string& heading) const {
    std::size_t begin = 0, end = word_end(heading, 0);
    if (!language_.english && at(heading, end) == U' ' && roman_value(heading.substr(0, end)) == 0) {
      begin = end + 1;
      end = word_end(heading, begin);
    }
    const auto word = std::u32string_view(heading).substr(begin, end - begin);
    const char32_t next = at(heading, end);
    const bool set_off =
        next == U'\0' || ((next == U'.' || next == U':' || next == U')') && !is_word(at(heading, end + 1)));
    if (!set_off || word.empty() || !is_upper(word[0]) || roman_value(word) == 0) return heading;
    return heading.substr(0, begin) + to_code_points(std::to_string(roman_value(word))) + heading.substr(end);
  }

  // One sentence: whole if it fits, else in parts. Works through a list of its own: a sentence may be of any length.
  void fit(Span sentence) {
    std::vector<Span> rest = {sentence};
    while (!rest.empty()) {
      const Span span = trimmed(text_, rest.back());
      rest.pop_back();
      if (span.size() == 0) continue;
      std::size_t room = limit();
      if (span.size() <= 2 * limit()) {
        Piece piece = speak(span);
        if (piece.length <= limit()) {
          if (has_words(to_code_points(piece.spoken))) pieces_.push_back(std::move(piece));
          continue;
        }
        if (span.size() == 1)
          throw Fault(Exit::internal,
                      "one character is spoken with more than " + std::to_string(limit()) + " characters");
        // What is said is longer than what is written, or the other way round: cut in the same proportion.
        room = std::min(span.size() - 1, std::max<std::size_t>(1, span.size() * limit() / piece.length));
      }
      const std::size_t cut = best_cut(text_, span, room);
      rest.push_back({cut, span.end});
      rest.push_back({span.begin, cut});
    }
  }

  bool is_fragment(const Piece& piece) const {
    return count_words(text_.substr(piece.span.begin, piece.span.size())) <= kFragmentWords;
  }

  // `first` takes `second` in if both have room in one segment.
  bool join(Piece& first, const Piece& second) const {
    if (first.length + second.length > limit()) return false;
    Piece joined = speak({first.span.begin, second.span.end});
    if (joined.length > limit()) return false;
    joined.ends_sentence = second.ends_sentence;
    first = std::move(joined);
    return true;
  }

  void join_fragments() {
    std::vector<Piece> joined;
    for (Piece& piece : pieces_)
      if (joined.empty() || !is_fragment(joined.back()) || !join(joined.back(), piece))
        joined.push_back(std::move(piece));
    for (std::size_t i = joined.size(); i-- > 1;)  // what found no room ahead looks back
      if (is_fragment(joined[i]) && join(joined[i - 1], joined[i]))
        joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(i));
    pieces_ = std::move(joined);
  }

  // The voice falls at the end of a block: headings and items get the full stop that they were not written with.
  void end_entries() {
    for (Piece& piece : pieces_) {
      std::size_t next = piece.span.end;
      while (next < text_.size() && is_space(text_[next]) && text_[next] != kLineStop) ++next;
      if (next < text_.size() && text_[next] != kLineStop) continue;
      if (block_.goes_on && &piece == &pieces_.back()) continue;
      const bool transcribed = piece.spoken.ends_with("/)");
      if (piece.length >= limit() || !(transcribed || is_open(to_code_points(piece.spoken)))) continue;
      piece.spoken += language_.name == "hi" ? "।" : ".";
      ++piece.length;
    }
  }

  const Block& block_;
  std::u32string_view text_;
  const SegmenterOptions& options_;
  const Language& language_;
  const SpeakText& as_spoken_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::vector<Piece> cut_block(const Block& block, const SegmenterOptions& options, const Language& language,
                             const SpeakText& as_spoken) {
  return BlockCutter(block, options, language, as_spoken).cut();
}

}  // namespace lectern::text
