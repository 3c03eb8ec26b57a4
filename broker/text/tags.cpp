#include "broker/text/tags.h"

#include <algorithm>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

constexpr char32_t kFirst = 0x13000, kClosing = 0x1342e;
constexpr std::size_t kMost = kClosing - kFirst;

bool is_tag_letter(char32_t c) { return c >= kFirst && c <= kClosing; }

// A blank before what was taken out is taken along when another or a mark follows.
bool blank_is_left_over(const std::u32string& before, std::u32string_view after) {
  if (before.empty() || before.back() != U' ') return false;
  return after.empty() || is_space(after[0]) || is_terminal(after[0]) || after[0] == U',' || after[0] == U';';
}

}  // namespace

struct Tags::Found {
  std::size_t tag = 0, size = 0;  // size 0: none
};

Tags::Tags(const std::vector<std::string>& spoken, const std::vector<std::string>& silent)
    : spoken_(std::min(spoken.size(), kMost)), written_(spoken) {
  for (const auto* list : {&spoken, &silent})
    for (const std::string& tag : *list) tags_.push_back(lower(to_code_points(tag)));
}

Tags::Found Tags::tag_at(std::u32string_view text, std::size_t at) const {
  if (text[at] != U'[') return {};
  for (std::size_t i = 0; i < tags_.size(); ++i)
    if (lower(text.substr(at, tags_[i].size())) == tags_[i]) return {i, tags_[i].size()};
  return {};
}

void Tags::place(Block& block, std::vector<Unspoken>& silent, std::vector<Range>& spoken) const {
  Block placed = block.bare();
  placed.pause_before_s = block.pause_before_s;
  placed.goes_on = block.goes_on;
  placed.chapter = block.chapter;
  const std::u32string_view text = block.text;
  for (std::size_t i = 0; i < text.size();) {
    const Found found = tag_at(text, i);
    if (found.size == 0) {
      placed.append(text[i], block.source[i]);
      ++i;
      continue;
    }
    const std::uint32_t opening = block.source[i], closing = block.source[i + found.size - 1];
    i += found.size;
    if (found.tag < spoken_) {
      spoken.push_back({opening, closing + std::size_t{1}});
      placed.append(kFirst + static_cast<char32_t>(found.tag), opening);
      placed.append(kClosing, closing);
      continue;
    }
    silent.push_back({opening, closing + std::size_t{1}, "a sound that this model does not make"});
    if (blank_is_left_over(placed.text, text.substr(i))) {
      placed.text.pop_back();
      placed.source.pop_back();
    }
  }
  block = std::move(placed);
}

void Tags::place(Document& document) {
  if (tags_.empty() || std::any_of(document.script.begin(), document.script.end(), is_tag_letter)) return;
  placed_ = true;
  std::vector<Unspoken> silent;
  for (Block& block : document.blocks)
    if (block.text.find(U'[') != std::u32string::npos) place(block, silent, document.reworded);
  if (silent.empty()) return;
  document.marks.insert(document.marks.end(), silent.begin(), silent.end());
  sort_marks(document);
  drop_silent_blocks(document);
}

std::string Tags::restore(const std::string& spoken) const {
  if (!placed_ || spoken_ == 0) return spoken;
  const std::u32string text = to_code_points(spoken);
  if (std::none_of(text.begin(), text.end(), is_tag_letter)) return spoken;
  std::string restored;
  for (const char32_t c : text) {
    if (c == kClosing) continue;
    if (is_tag_letter(c) && c - kFirst < spoken_)
      restored += written_[c - kFirst];
    else
      restored += to_utf8(std::u32string_view(&c, 1));
  }
  return restored;
}

}  // namespace lectern::text
