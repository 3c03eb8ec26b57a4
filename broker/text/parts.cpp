#include "broker/text/parts.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "broker/text/characters.h"
#include "broker/text/utterance.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLongestMarker = 300, kLongestEntry = 120, kMostEntryWords = 16;
constexpr std::size_t kMostEntries = 1000, kMostPages = 3;  // of contents
constexpr const char* kReasons[] = {"", "contents page", "boilerplate", "footnote"};

using Words = std::vector<std::u32string>;

Words words_of(std::u32string_view text) {
  Words words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > i) words.push_back(lower(text.substr(i, end - i)));
    i = end + 1;
  }
  return words;
}

bool starts(const Words& whole, const Words& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}
bool ends(const Words& whole, const Words& part) {
  return part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin());
}

// The lines of a block as they are written.
std::vector<std::u32string_view> lines_of(const Document& document, const Block& block) {
  std::u32string_view text = block.text;
  if (document.gap_reason == "punctuation")  // of plain text the readers keep no line ends
    text = document.script.substr(block.source.front(), block.source.back() + 1 - block.source.front());
  std::vector<std::u32string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(U"\n\r\u2029", begin), text.size());
    if (const auto line = trim(text.substr(begin, end - begin)); !line.empty()) lines.push_back(line);
    begin = end + 1;
  }
  return lines;
}

bool is_gutenberg_marker(const Block& block, std::u32string_view which) {
  const auto text = trim(block.text);
  if (text.size() > kLongestMarker || !(text.starts_with(U'*') || text.starts_with(U'E'))) return false;
  const Words words = words_of(block.text);
  const bool names_it = std::find(words.begin(), words.end(), U"gutenberg") != words.end();
  if (!names_it || words.size() < 4) return false;
  if (text.starts_with(U'*')) return words[0] == which && words[1] == U"of";
  return which == U"end" && words[0] == U"end" && words[1] == U"of" && !block.heading &&
         (words[2] == U"project" || words[3] == U"project");
}

// "Title: Alice's Adventures in Wonderland" in a header.
void read_entry(std::u32string_view line, std::u32string_view key, std::string& value) {
  if (value.empty() && line.starts_with(key)) value = to_utf8(trim(line.substr(key.size())));
}

void find_boilerplate(Document& document) {
  auto& blocks = document.blocks;
  const auto start = std::find_if(blocks.begin(), blocks.end(),
                                  [](const Block& block) { return is_gutenberg_marker(block, U"start"); });
  if (start != blocks.end()) {
    for (auto block = blocks.begin(); block <= start; ++block) {
      block->part = ScriptPart::boilerplate;
      for (const auto line : lines_of(document, *block)) {
        read_entry(line, U"Title: ", document.title);
        read_entry(line, U"Author: ", document.author);
      }
    }
  }
  const auto from = start == blocks.end() ? blocks.begin() : start;
  const auto end =
      std::find_if(from, blocks.end(), [](const Block& block) { return is_gutenberg_marker(block, U"end"); });
  for (auto block = end; block != blocks.end(); ++block) block->part = ScriptPart::boilerplate;
}

bool is_contents_title(const Block& block) {
  static const std::array<Words, 9> kTitles = {Words{U"contents"},
                                               Words{U"table", U"of", U"contents"},
                                               Words{U"índice"},
                                               Words{U"contenido"},
                                               Words{U"table", U"des", U"matières"},
                                               Words{U"sommaire"},
                                               Words{U"indice"},
                                               Words{U"sommario"},
                                               Words{U"sumário"}};
  return block.text.size() < 40 && std::find(kTitles.begin(), kTitles.end(), words_of(block.text)) != kTitles.end();
}

// The words of a line of a contents page, its page number left out; empty: it is no such line.
Words entry_of(std::u32string_view line) {
  if (line.size() > kLongestEntry) return {};
  Words words = words_of(line);
  const bool numbered = words.size() > 2 && std::all_of(words.back().begin(), words.back().end(), is_digit);
  if (numbered && line.back() == words.back().back()) words.pop_back();
  if (words.size() > kMostEntryWords) return {};
  return words;
}

bool is_entry(const Document& document, const Block& block) {
  const auto lines = lines_of(document, block);
  return std::none_of(lines.begin(), lines.end(), [](auto line) { return entry_of(line).empty(); });
}

// A contents page: blocks [begin, end).
class ContentsPage {
 public:
  ContentsPage(const Document& document, std::size_t begin) : document_(document), end_(begin + 1) {
    const auto& blocks = document.blocks;
    while (end_ < blocks.size() && entries_.size() < kMostEntries && blocks[end_].part == ScriptPart::body &&
           is_entry(document, blocks[end_]) && !text_begins(end_))
      take(end_++);
  }

  std::size_t end() const { return end_; }

  // Most of its lines come again as headings.
  bool is_one() const {
    std::vector<Words> headings;
    for (std::size_t i = end_; i < document_.blocks.size(); ++i)
      if (document_.blocks[i].heading) headings.push_back(words_of(document_.blocks[i].text));
    std::size_t found = 0;
    for (const Words& entry : entries_)
      found +=
          std::any_of(headings.begin(), headings.end(), [&](const Words& heading) { return is_same(entry, heading); });
    return entries_.size() >= 2 && 2 * found > entries_.size();
  }

 private:
  void take(std::size_t i) {
    for (const auto line : lines_of(document_, document_.blocks[i])) entries_.push_back(entry_of(line));
  }

  // "1. The Pool" in the contents is "The Pool" or "CHAPTER I. The Pool" at its place, or the number alone.
  static bool is_same(const Words& entry, const Words& heading) {
    return !heading.empty() && (starts(entry, heading) || ends(entry, heading) || ends(heading, entry));
  }

  // A heading that was in the list already: its first, or with text not far behind it ("Chapter 1" of book two has
  // not).
  bool text_begins(std::size_t i) const {
    const auto& blocks = document_.blocks;
    const Words heading = words_of(blocks[i].text);
    if (!blocks[i].heading ||
        std::none_of(entries_.begin(), entries_.end(), [&](const Words& e) { return is_same(e, heading); }))
      return false;
    if (is_same(entries_.front(), heading)) return true;
    for (std::size_t k = i + 1; k < std::min(i + 4, blocks.size()); ++k)
      if (!blocks[k].heading && !is_entry(document_, blocks[k])) return true;
    return false;
  }

  const Document& document_;
  std::size_t end_;
  std::vector<Words> entries_;
};

void find_contents(Document& document) {
  auto& blocks = document.blocks;
  std::size_t pages = 0;
  for (std::size_t i = 0; i + 1 < blocks.size() && pages < kMostPages; ++i) {
    if (blocks[i].part != ScriptPart::body || !is_contents_title(blocks[i])) continue;
    ++pages;
    const ContentsPage page(document, i);
    if (!page.is_one()) continue;
    for (std::size_t k = i; k < page.end(); ++k) blocks[k].part = ScriptPart::contents;
    return;
  }
}

// A heading as it is written, on one line.
std::string title_of(const Document& document, std::u32string_view heading) {
  std::u32string title;
  for (const char32_t c : as_written(document, heading)) {
    if (!is_space(c) && c != kLineStop)
      title += c;
    else if (!title.empty() && title.back() != U' ')
      title += U' ';
  }
  return to_utf8(trim(title));
}

}  // namespace

void find_parts(Document& document) {
  find_boilerplate(document);
  find_contents(document);
}

void leave_out_parts(Document& document, const ReadingSettings& reading) {
  Break before = Break::clause;
  bool changed = false;
  std::erase_if(document.blocks, [&](Block& block) {
    before = block.before = std::max(before, block.before);
    if (!reading.skip.contains(block.part)) {
      before = Break::clause;
      return false;
    }
    document.marks.push_back(
        {block.source.front(), block.source.back() + std::size_t{1}, kReasons[static_cast<int>(block.part)]});
    return changed = true;
  });
  if (changed) sort_marks(document);
}

void name_work(Document& document) {
  if (!document.title.empty()) return;
  std::u32string title;
  for (const Block& block : document.blocks)
    if (block.source.front() >= document.title_heading.begin && block.source.front() < document.title_heading.end)
      title += block.text + U' ';
  document.title = title_of(document, title);
}

void name_chapters(Document& document) {
  auto& blocks = document.blocks;
  if (std::any_of(blocks.begin(), blocks.end(), [](const Block& block) { return !block.chapter.empty(); })) return;
  bool listing = false;  // inside of a contents page only its own heading is one
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const bool lists = blocks[i].part == ScriptPart::contents;
    if (blocks[i].heading && blocks[i].before == Break::chapter && !(lists && std::exchange(listing, true))) {
      std::u32string title = blocks[i].text;
      for (std::size_t k = i + 1; !lists && k < blocks.size() && blocks[k].heading; ++k) {
        if (blocks[k].before > Break::paragraph) break;
        title += U' ' + blocks[k].text;
      }
      blocks[i].chapter = title_of(document, title);
    }
    listing = lists;
  }
}

}  // namespace lectern::text
