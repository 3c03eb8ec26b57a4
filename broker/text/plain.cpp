// Plain text -> blocks.
//
// How it works: lines -> stanzas (runs of lines between blank lines and rules) -> headings, paragraphs and verse. The
// width of the whole text tells wrapped line ends from meant ones: a line end is meant when the first word of the next
// line would have fitted.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "broker/text/characters.h"
#include "broker/text/document.h"
#include "broker/text/heading.h"

namespace lectern::text {
namespace {

constexpr std::size_t kUnwrappedWidth = 110;  // most lines longer than this: each line is a paragraph
constexpr std::size_t kLeastWidth = 50;

std::vector<Line> split_lines(std::u32string_view script) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < script.size();) {
    std::size_t end = i;
    while (end < script.size() && script[end] != U'\n' && script[end] != U'\r') ++end;
    Line line;
    line.begin = i;
    line.end = end;
    while (line.begin < line.end && is_space(script[line.begin])) {
      line.indent += script[line.begin] == U'\t' ? 8 - line.indent % 8 : 1;
      ++line.begin;
    }
    while (line.end > line.begin && is_space(script[line.end - 1])) --line.end;
    line.text = script.substr(line.begin, line.end - line.begin);
    if (!line.text.empty()) line.kind = is_rule(line.text) ? Line::Kind::rule : Line::Kind::text;
    lines.push_back(line);
    i = end + (end + 1 < script.size() && script[end] == U'\r' && script[end + 1] == U'\n' ? 2 : 1);
  }
  return lines;
}

// The words of a script, to tell "rabbit-/hole" from "hyphen-/ation".
class Vocabulary {
 public:
  explicit Vocabulary(std::u32string_view script) : script_(script) {}

  std::size_t count(const std::u32string& word) {
    if (words_.empty()) collect();
    const auto found = words_.find(word);
    return found == words_.end() ? 0 : found->second;
  }

 private:
  void collect() {
    words_[U""] = 1;
    for (std::size_t i = 0; i < script_.size();) {
      std::size_t end = i;
      while (end < script_.size() &&
             (is_letter(script_[end]) || (end > i && script_[end] == U'-' && is_letter(at(script_, end + 1)))))
        ++end;
      if (end > i) ++words_[lower(script_.substr(i, end - i))];
      i = end + 1;
    }
  }

  std::u32string_view script_;
  std::unordered_map<std::u32string, std::size_t> words_;
};

bool starts_anew(std::u32string_view text) {
  std::size_t i = 0;
  while (i < text.size() && !is_word(text[i])) ++i;
  return i < text.size() && !is_lower(text[i]);
}

// "Author: Lewis Carroll"
bool is_entry(std::u32string_view text) {
  const auto colon = text.find(U": ");
  return colon != text.npos && colon > 0 && colon < 32 && is_upper(text[0]) &&
         std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), U' ') < 3;
}

// The length of "- ", "* ", "• " or "12. " at the start of an item of a list, else 0.
std::size_t item_mark(std::u32string_view text) {
  if (text.size() < 3) return 0;
  if (std::u32string_view(U"-*+•‣◦–").find(text[0]) != std::u32string_view::npos && is_space(text[1])) return 2;
  std::size_t i = text[0] == U'(' ? 1 : 0;
  const std::size_t first = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i == first || i > first + 2 || i + 1 >= text.size()) return 0;
  return (text[i] == U'.' || text[i] == U')') && is_space(text[i + 1]) ? i + 2 : 0;
}

class PlainReader {
 public:
  PlainReader(std::u32string_view script, const std::string& language)
      : lines_(split_lines(script)), vocabulary_(script), language_(language) {
    document_.script = script;
    document_.gap_reason = "punctuation";
    measure();
  }

  Document read() {
    std::size_t blank = 99;
    for (std::size_t i = 0; i < lines_.size();) {
      if (lines_[i].kind == Line::Kind::blank) {
        ++blank;
        ++i;
      } else if (lines_[i].kind == Line::Kind::rule) {
        document_.marks.push_back({lines_[i].begin, lines_[i].end, "rule"});
        raise(Break::section);
        after_chapter_ = false;
        blank = 0;
        ++i;
      } else {
        std::size_t end = i;
        while (end < lines_.size() && lines_[end].kind == Line::Kind::text) ++end;
        i = read_stanza(i, end, blank);
        blank = 0;
      }
    }
    drop_silent_blocks(document_);
    return std::move(document_);
  }

 private:
  void measure() {
    std::vector<std::size_t> lengths, indents;
    for (const Line& line : lines_) {
      if (line.kind != Line::Kind::text) continue;
      lengths.push_back(line.indent + line.text.size());
      indents.push_back(line.indent);
    }
    if (lengths.empty()) return;
    const auto nth_value = [](std::vector<std::size_t>& values, std::size_t n) {
      auto nth = values.begin() + static_cast<std::ptrdiff_t>(n);
      std::nth_element(values.begin(), nth, values.end());
      return *nth;
    };
    around_.width = std::max(nth_value(lengths, (9 * (lengths.size() - 1) + 9) / 10), kLeastWidth);
    around_.base_indent = nth_value(indents, (indents.size() - 1) / 4);
  }

  bool unwrapped() const { return around_.width > kUnwrappedWidth; }
  void raise(Break before) { next_before_ = std::max(next_before_, before); }

  Block& begin_block(bool heading = false) {
    document_.blocks.push_back({.before = next_before_, .heading = heading});
    next_before_ = Break::paragraph;
    return document_.blocks.back();
  }

  void append(Block& block, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) block.append(document_.script[i], i);
  }

  // Whether the end of line `i` was meant: the first word of the next line would have fitted.
  bool is_meant(std::size_t i) const {
    const Line& line = lines_[i];
    const auto& next = lines_[i + 1].text;
    const std::size_t word = std::min(next.find(U' '), next.size());
    return line.indent + line.text.size() + 1 + word + around_.width / 12 < around_.width;
  }

  std::size_t read_stanza(std::size_t i, std::size_t end, std::size_t blank) {
    const std::vector<Line> stanza(lines_.begin() + static_cast<std::ptrdiff_t>(i),
                                   lines_.begin() + static_cast<std::ptrdiff_t>(end));
    around_.blank_before = blank;
    around_.after_chapter = after_chapter_;
    around_.underlined = false;
    if (end < lines_.size() && lines_[end].kind == Line::Kind::rule) {
      const auto rule = lines_[end].text;
      around_.underlined = rule.size() >= 3 && rule.find_first_not_of(rule[0]) == rule.npos &&
                           2 * rule.size() >= stanza.back().text.size();
      around_.underline = rule[0];
    }
    after_chapter_ = false;
    const auto heading = find_heading(stanza, around_, language_);
    if (heading) {
      raise(heading->before);
      Block& block = begin_block(true);
      for (std::size_t k = i; k < i + heading->lines; ++k) {
        append(block, lines_[k].begin, lines_[k].end);
        if (k + 1 == i + heading->lines) continue;
        block.append(!is_meant(k) ? U' ' : k == i && heading->numbered ? kLineStop : kLinePause, lines_[k].end);
      }
      after_chapter_ = heading->lacks_title;
      i += heading->lines;
      if (i == end && around_.underlined) {
        document_.marks.push_back({lines_[end].begin, lines_[end].end, "rule"});
        return end + 1;
      }
    }
    if (i < end) read_text(i, end);
    return end;
  }

  void read_text(std::size_t i, std::size_t end) {
    if (is_verse(i, end)) return read_verse(i, end);
    std::size_t indent = lines_[i].indent;
    for (std::size_t k = i; k < end; ++k) indent = std::min(indent, lines_[k].indent);
    const bool shaped = indent > around_.base_indent + 1;  // wholly indented: a quotation, a letter, a figure poem
    if (shaped && !all_end_sentences(i, end)) return read_paragraph(i, end);
    while (i < end) {
      std::size_t run = i;  // indented lines in a row
      while (run < end && lines_[run].indent > indent) ++run;
      if (run - i >= 2 && !all_end_sentences(i, run) && is_verse(i, run)) {
        read_verse(i, run);
        i = run;
        continue;
      }
      std::size_t next = i + 1;
      while (next < end && !begins_paragraph(next, indent, shaped)) ++next;
      read_paragraph(i, next);
      i = next;
    }
  }

  bool all_end_sentences(std::size_t i, std::size_t end) const {
    for (; i < end; ++i)
      if (!ends_sentence(lines_[i].text)) return false;
    return true;
  }

  bool begins_paragraph(std::size_t i, std::size_t indent, bool shaped) const {
    const bool ended = ends_sentence(lines_[i - 1].text), meant = is_meant(i - 1), anew = starts_anew(lines_[i].text);
    if (shaped) return true;
    if (unwrapped()) return ended || anew;
    if (item_mark(lines_[i].text) > 0 && (meant || item_mark(lines_[i - 1].text) > 0)) return true;
    if (lines_[i].indent > indent) {
      const bool continues_item = item_mark(lines_[i - 1].text) > 0 || lines_[i - 1].indent == lines_[i].indent;
      return anew && (ended || !continues_item) && (ended || meant);
    }
    return ended && meant && anew && i > 0 && !is_entry(lines_[i].text);
  }

  bool is_verse(std::size_t i, std::size_t end) const {
    if (end - i < 2) return false;
    std::size_t meant = 0, anew = 0, sentences = 0, entries = 0, items = 0;
    for (std::size_t k = i; k + 1 < end; ++k) {
      meant += is_meant(k);
      anew += starts_anew(lines_[k + 1].text);
      sentences += ends_sentence(lines_[k].text);
      entries += is_entry(lines_[k].text);
      items += item_mark(lines_[k + 1].text) > 0;
    }
    const std::size_t ends = end - i - 1;
    return meant * 10 >= ends * 7 && anew * 2 >= ends && sentences < ends && entries * 2 <= ends && items == 0;
  }

  void read_verse(std::size_t i, std::size_t end) {
    Block& block = begin_block();
    for (std::size_t k = i; k < end; ++k) {
      append(block, lines_[k].begin, lines_[k].end);
      if (k + 1 < end) block.append(starts_anew(lines_[k + 1].text) ? kLinePause : U' ', lines_[k].end);
    }
  }

  void read_paragraph(std::size_t i, std::size_t end) {
    Block& block = begin_block();
    std::size_t from = lines_[i].begin;
    const std::size_t mark = item_mark(lines_[i].text);
    if (mark > 0 && !is_digit(lines_[i].text[0]) && lines_[i].text[0] != U'(') {
      document_.marks.push_back({from, from + 1, "list mark"});
      from += mark;
    }
    std::size_t meant = 0;
    for (std::size_t k = i; k + 1 < end; ++k) meant += is_meant(k);
    const bool figure = 2 * meant > end - i;  // lines of any length: a poem in the shape of a mouse's tail
    for (std::size_t k = i; k < end; ++k) {
      if (k > i) from = lines_[k].begin;
      if (k + 1 == end) {
        append(block, from, lines_[k].end);
      } else if (breaks_word(k)) {
        append(block, from, lines_[k].end - (keeps_hyphen(k) ? 0 : 1));
      } else {
        append(block, from, lines_[k].end);
        block.append(line_end(k, figure), lines_[k].end);
      }
    }
  }

  // What a line end inside of a paragraph is read as.
  char32_t line_end(std::size_t k, bool figure) const {
    const auto text = lines_[k].text, next = lines_[k + 1].text;
    if (!is_meant(k) || !starts_anew(next)) return U' ';
    if (is_entry(text) || is_entry(next)) return kLineStop;
    return !figure && (is_word(text.back()) || is_closing(text.back())) ? kLinePause : U' ';
  }

  bool breaks_word(std::size_t k) const {
    const auto text = lines_[k].text, next = lines_[k + 1].text;
    return text.size() >= 2 && (text.back() == U'-' || text.back() == U'\u2010' || text.back() == U'\u00ad') &&
           is_letter(text[text.size() - 2]) && is_lower(next[0]);
  }

  // "rabbit-/hole" keeps it, "hyphen-/ation" does not: the rest of the script shows how the word is spelt.
  bool keeps_hyphen(std::size_t k) {
    const auto text = lines_[k].text, next = lines_[k + 1].text;
    if (text.back() == U'\u00ad') return false;
    std::size_t first = text.size() - 1, last = 0;
    while (first > 0 && (is_letter(text[first - 1]) || text[first - 1] == U'-')) --first;
    while (last < next.size() && is_letter(next[last])) ++last;
    const auto left = lower(text.substr(first, text.size() - 1 - first)), right = lower(next.substr(0, last));
    if (vocabulary_.count(left + right) > 0) return false;
    if (vocabulary_.count(left + U"-" + right) > 0 || left.find(U'-') != left.npos) return true;
    // Both halves stand in it because of these two lines; as words of their own they stand elsewhere as well.
    return left.size() > 2 && right.size() > 2 && vocabulary_.count(left) > 1 && vocabulary_.count(right) > 1;
  }

  std::vector<Line> lines_;
  Vocabulary vocabulary_;
  std::string language_;
  Document document_;
  Surroundings around_;
  Break next_before_ = Break::paragraph;
  bool after_chapter_ = false;
};

}  // namespace

Document read_plain(std::u32string_view script, const std::string& language) {
  return PlainReader(script, language).read();
}

}  // namespace lectern::text
