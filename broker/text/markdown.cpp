// Markdown -> blocks, with md4c.
//
// How it works: md4c hands out text as pointers into the bytes that it was given, so the place of each character is
// known; the few literals that it makes itself (line ends, decoded entities) take the place of what stands before them.
#include <md4c.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "broker/text/characters.h"
#include "broker/text/document.h"
#include "broker/text/html_block.h"
#include "broker/text/pronunciation.h"

namespace lectern::text {
namespace {

struct Entity {
  std::string_view name;
  char32_t character;
};

constexpr Entity kEntities[] = {
    {"amp", U'&'},    {"lt", U'<'},     {"gt", U'>'},      {"quot", U'"'},   {"apos", U'\''},  {"nbsp", U' '},
    {"mdash", U'—'},  {"ndash", U'–'},  {"hellip", U'…'},  {"lsquo", U'‘'},  {"rsquo", U'’'},  {"ldquo", U'“'},
    {"rdquo", U'”'},  {"laquo", U'«'},  {"raquo", U'»'},   {"copy", U'©'},   {"reg", U'®'},    {"trade", U'™'},
    {"deg", U'°'},    {"pound", U'£'},  {"euro", U'€'},    {"yen", U'¥'},    {"cent", U'¢'},   {"sect", U'§'},
    {"frac12", U'½'}, {"frac14", U'¼'}, {"frac34", U'¾'},  {"times", U'×'},  {"plusmn", U'±'}, {"eacute", U'é'},
    {"egrave", U'è'}, {"ecirc", U'ê'},  {"agrave", U'à'},  {"acirc", U'â'},  {"aacute", U'á'}, {"ccedil", U'ç'},
    {"iacute", U'í'}, {"oacute", U'ó'}, {"uacute", U'ú'},  {"ntilde", U'ñ'}, {"auml", U'ä'},   {"ouml", U'ö'},
    {"uuml", U'ü'},   {"szlig", U'ß'},  {"shy", U'\u00ad'}};

// "&amp;", "&#233;", "&#xe9;" -> its character; 0 when it is none that is known.
char32_t decode_entity(std::string_view entity) {
  const auto name = entity.substr(1, entity.size() - 2);
  if (name.starts_with('#')) {
    const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
    const unsigned long value = std::strtoul(std::string(name.substr(hex ? 2 : 1)).c_str(), nullptr, hex ? 16 : 10);
    return value > 0 && value <= 0x10ffff ? static_cast<char32_t>(value) : 0;
  }
  for (const Entity& known : kEntities)
    if (known.name == name) return known.character;
  return 0;
}

class MarkdownReader {
 public:
  explicit MarkdownReader(std::u32string_view script) : utf8_(to_utf8(script)) {
    document_.script = script;
    document_.gap_reason = "markup";
    position_.reserve(utf8_.size() + 1);
    std::uint32_t position = 0;
    for (std::size_t i = 0; i < utf8_.size(); ++i) {
      if (i > 0 && (utf8_[i] & 0xc0) != 0x80) ++position;
      position_.push_back(position);
    }
    position_.push_back(static_cast<std::uint32_t>(script.size()));
  }

  Document read() {
    const MD_PARSER parser = {0,
                              MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
                              &enter_block,
                              &leave_block,
                              &enter_span,
                              &leave_span,
                              &on_text,
                              nullptr,
                              nullptr};
    md_parse(utf8_.data(), static_cast<MD_SIZE>(utf8_.size()), &parser, this);
    find_title();
    // Only what stands first can be the title of the whole.
    if (!levels_.empty() && levels_.begin()->first > 0) std::erase_if(levels_, [](const auto& h) { return h.second > 1; });
    begin_chapters(document_.blocks, levels_);
    drop_silent_blocks(document_);
    return std::move(document_);
  }

 private:
  // The only heading of the first level names the whole: several are its chapters.
  void find_title() {
    const auto is_first = [](const auto& heading) { return heading.second == 1; };
    if (std::count_if(levels_.begin(), levels_.end(), is_first) != 1) return;
    const auto& source = document_.blocks[std::find_if(levels_.begin(), levels_.end(), is_first)->first].source;
    if (!source.empty()) document_.title_heading = {source.front(), source.back() + std::size_t{1}};
  }

  void begin_block(bool heading = false) {
    document_.blocks.push_back({.before = next_before_, .heading = heading});
    next_before_ = Break::paragraph;
    open_ = true;
  }

  void append(char32_t c, std::size_t position) {
    if (!open_) begin_block();
    Block& block = document_.blocks.back();
    if (item_starts_ && !is_space(c)) {
      item_starts_ = false;
      append_item_number(block, position);
    }
    last_ = std::max<std::size_t>(position, block.source.empty() ? 0 : block.source.back());
    block.append(c, last_);
  }

  // The "12. " before the first character of an item is read as well.
  void append_item_number(Block& block, std::size_t position) {
    const auto script = document_.script;
    std::size_t i = position;
    const auto skip = [&](std::u32string_view set) {
      while (i > last_ && set.find(script[i - 1]) != set.npos) --i;
    };
    skip(U" \t\n\r_*[`\"“‘");
    if (i == 0 || (script[i - 1] != U'.' && script[i - 1] != U')')) return;
    const std::size_t stop = --i;
    while (i > last_ && is_digit(script[i - 1])) --i;
    if (i == stop || stop - i > 9) return;
    for (std::size_t k = i; k < stop; ++k) block.append(script[k], k);
    block.append(U'.', stop);
    block.append(U' ', stop);
  }

  void literal(std::size_t begin, std::size_t end) {
    if (begin < end) document_.code.push_back({begin, end});
  }

  void mark(std::size_t begin, std::size_t end, const char* reason) {
    auto& marks = document_.marks;
    if (!marks.empty() && marks.back().reason == reason && begin >= marks.back().begin && joins_) {
      marks.back().end = std::max(marks.back().end, end);
    } else if (marks.empty() || begin >= marks.back().end) {
      marks.push_back({begin, end, reason});
      joins_ = true;
    }
  }

  void enter(MD_BLOCKTYPE type, void* detail) {
    open_ = false;
    joins_ = false;
    switch (type) {
      case MD_BLOCK_H: {
        const unsigned level = static_cast<MD_BLOCK_H_DETAIL*>(detail)->level;
        next_before_ = std::max(next_before_, Break::section);
        begin_block(true);
        levels_.emplace(document_.blocks.size() - 1, static_cast<int>(level));
        break;
      }
      case MD_BLOCK_OL:
        ordered_.push_back(true);
        break;
      case MD_BLOCK_UL:
        ordered_.push_back(false);
        break;
      case MD_BLOCK_LI:
        item_starts_ = !ordered_.empty() && ordered_.back();
        break;
      case MD_BLOCK_HR:
        next_before_ = std::max(next_before_, Break::section);
        break;
      case MD_BLOCK_TR:
        begin_block();
        break;
      case MD_BLOCK_HTML:
        html_.emplace();
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        open_ = true;
        cell_ = true;
        break;
      default:
        break;
    }
  }

  void leave(MD_BLOCKTYPE type) {
    if ((type == MD_BLOCK_OL || type == MD_BLOCK_UL) && !ordered_.empty()) ordered_.pop_back();
    open_ = type == MD_BLOCK_TH || type == MD_BLOCK_TD;
    joins_ = false;
    cell_ = false;
    html_.reset();
  }

  void text(MD_TEXTTYPE type, const char* data, std::size_t size, bool in_code_block) {
    const bool ours = data >= utf8_.data() && data + size <= utf8_.data() + utf8_.size();
    const std::size_t first = ours ? static_cast<std::size_t>(data - utf8_.data()) : 0;
    if (html_ && ours) return html(position_[first], position_[first + size]);
    if (in_code_block || type == MD_TEXT_HTML) {
      if (ours && in_code_block) literal(position_[first], position_[first + size]);
      if (ours) mark(position_[first], position_[first + size], in_code_block ? "code block" : "markup");
      return;
    }
    if (type == MD_TEXT_SOFTBR || type == MD_TEXT_BR)
      return append(type == MD_TEXT_BR ? kLinePause : U' ', last_ + (ours ? 0 : 1));
    if (type == MD_TEXT_NULLCHAR) return;
    if (type == MD_TEXT_CODE && ours) literal(position_[first], position_[first + size]);
    separate_cells();
    if (type == MD_TEXT_ENTITY && ours) {
      if (const char32_t c = decode_entity({data, size})) return append(c, position_[first + size - 1]);
    }
    if (!ours) return append(U' ', last_);
    const auto begin = position_[first], end = position_[first + size];
    if (links_ > 0 && begin > 0) literal(begin - 1, end);  // with the bracket before it
    for (std::size_t i = begin; i < end; ++i) append(document_.script[i], i);
  }

  // A line of a block of HTML.
  void html(std::size_t begin, std::size_t end) {
    const auto script = document_.script;
    const auto goes_on = [&] { return open_ && !is_space(document_.blocks.back().text.back()); };
    for (std::size_t i = begin; i < end; ++i) {
      const HtmlBlock::Kind kind = html_->take(script[i]);
      if (kind == HtmlBlock::Kind::entry_end && open_ && document_.blocks.back().text.back() != kLineStop)
        append(kLineStop, i);
      if (kind != HtmlBlock::Kind::text) continue;
      if (is_space(script[i])) {
        if (goes_on()) append(U' ', i);
        continue;
      }
      const std::size_t stop = script[i] == U'&' ? script.substr(i, 12).find(U';') : script.npos;
      const char32_t entity = stop == script.npos ? 0 : decode_entity(to_utf8(script.substr(i, stop + 1)));
      append(entity ? entity : script[i], i);
      if (entity) i += stop;
    }
    html_->take(U'\n');
    if (goes_on()) append(U' ', last_);
  }

  void separate_cells() {
    if (!cell_) return;
    cell_ = false;
    if (document_.blocks.back().text.empty()) return;
    append(is_word(document_.blocks.back().text.back()) ? U',' : U' ', last_);
    append(U' ', last_);
  }

  static int enter_block(MD_BLOCKTYPE type, void* detail, void* self) {
    auto& reader = *static_cast<MarkdownReader*>(self);
    reader.in_code_ = type == MD_BLOCK_CODE;
    reader.enter(type, detail);
    return 0;
  }
  static int leave_block(MD_BLOCKTYPE type, void*, void* self) {
    auto& reader = *static_cast<MarkdownReader*>(self);
    reader.in_code_ = false;
    reader.leave(type);
    return 0;
  }
  static bool is_link(MD_SPANTYPE type, void* detail) {
    if (type != MD_SPAN_A) return false;
    const MD_ATTRIBUTE& target = static_cast<MD_SPAN_A_DETAIL*>(detail)->href;
    return !is_pronunciation(to_code_points({target.text, target.size}));
  }
  static int enter_span(MD_SPANTYPE type, void* detail, void* self) {
    static_cast<MarkdownReader*>(self)->links_ += is_link(type, detail);
    return 0;
  }
  static int leave_span(MD_SPANTYPE type, void* detail, void* self) {
    static_cast<MarkdownReader*>(self)->links_ -= is_link(type, detail);
    return 0;
  }
  static int on_text(MD_TEXTTYPE type, const MD_CHAR* data, MD_SIZE size, void* self) {
    auto& reader = *static_cast<MarkdownReader*>(self);
    reader.text(type, data, size, reader.in_code_);
    return 0;
  }

  std::string utf8_;
  std::vector<std::uint32_t> position_;  // of each byte
  Document document_;
  std::map<std::size_t, int> levels_;  // of the blocks that are headings
  Break next_before_ = Break::paragraph;
  std::vector<bool> ordered_;  // the lists that are open
  std::size_t last_ = 0;       // position of the last character read
  bool open_ = false;          // text goes on in the last block
  std::optional<HtmlBlock> html_;  // inside of one
  bool item_starts_ = false, cell_ = false, in_code_ = false;
  int links_ = 0;       // that are open
  bool joins_ = false;  // the next mark goes on where the last one ended
};

}  // namespace

Document read_markdown(std::u32string_view script) { return MarkdownReader(script).read(); }

}  // namespace lectern::text
