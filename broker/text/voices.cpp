#include "broker/text/voices.h"

#include <algorithm>
#include <optional>

#include "broker/text/characters.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLongestName = 100, kLongestSpeaker = 32, kMostWords = 3;
constexpr std::u32string_view kOpening = U"[voice", kLeading = U"*_>-# \t";

std::string narrator_or(const std::string& voice) { return voice == "narrator" ? "" : voice; }

std::string key_of(std::u32string_view name) { return to_utf8(lower(name)); }

// "Anna", "Dr. Watson", "GUARD 2": a few words that begin with capitals or digits.
bool looks_like_speaker(std::u32string_view name) {
  std::size_t words = 0;
  bool inside = false;
  for (const char32_t c : name) {
    if (c == U' ') {
      inside = false;
    } else if (!inside) {
      if (!is_upper(c) && !is_digit(c)) return false;
      inside = true;
      ++words;
    } else if (!is_word(c) && c != U'.' && c != U'\'' && c != U'-' && c != U'’') {
      return false;
    }
  }
  return words > 0 && words <= kMostWords && !is_digit(name[0]);
}

struct Bracket {
  std::size_t size = 0;
  std::u32string_view name;
};

// "[voice: NAME]" at the beginning of a text.
std::optional<Bracket> bracket_at(std::u32string_view text) {
  if (lower(text.substr(0, kOpening.size())) != kOpening) return std::nullopt;
  std::size_t i = kOpening.size();
  while (i < text.size() && text[i] == U' ') ++i;
  if (i >= text.size() || text[i] != U':') return std::nullopt;
  const std::size_t end = text.substr(0, i + kLongestName).find(U']', i);
  if (end == text.npos) return std::nullopt;
  return Bracket{end + 1, trim(text.substr(i + 1, end - i - 1))};
}

// A block without blanks at its ends.
void strip(Block& block) {
  std::size_t from = 0, to = block.text.size();
  while (from < to && is_space(block.text[from])) ++from;
  while (to > from && is_space(block.text[to - 1])) --to;
  block.text = block.text.substr(from, to - from);
  block.source = {block.source.begin() + static_cast<std::ptrdiff_t>(from),
                  block.source.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

bool may_name_voice(std::string_view bytes) {
  if (bytes.find('\0') != bytes.npos) return true;  // UTF-16
  for (auto at = bytes.find('['); at != bytes.npos; at = bytes.find('[', at + 1))
    if (bracket_at(to_code_points(bytes.substr(at, kLongestName + kOpening.size())))) return true;
  return false;
}

VoiceMarks::VoiceMarks(std::u32string_view script, const std::map<std::string, std::string>& cast) : readable_(script) {
  for (const auto& [speaker, voice] : cast) cast_[key_of(to_code_points(speaker))] = voice;
  for (std::size_t begin = 0; begin < script.size();) {
    std::size_t end = begin;
    while (end < script.size() && script[end] != U'\n' && script[end] != U'\r') ++end;
    const std::u32string_view line = script.substr(begin, end - begin);
    if (!cast_.empty()) find_speaker(line, begin);
    find_brackets(line, begin);
    begin = end + 1;
  }
  if (missing_.empty()) return;
  std::string names;
  for (const std::string& name : missing_) names += (names.empty() ? "" : ", ") + name;
  throw Fault(Exit::bad_input, "the cast has no voice for the speakers " + names,
              "add them to the cast; 'narrator' stands for the script's own voice");
}

std::string VoiceMarks::voice_of(const std::string& name) const {
  const auto found = cast_.find(key_of(to_code_points(name)));
  return narrator_or(found != cast_.end() ? found->second : name);
}

void VoiceMarks::find_brackets(std::u32string_view line, std::size_t at) {
  const std::u32string_view whole = trim(line);
  for (std::size_t i = line.find(U'['); i != line.npos; i = line.find(U'[', i + 1)) {
    const auto bracket = bracket_at(line.substr(i));
    if (!bracket) continue;
    marks_.push_back({at + i, at + i + bracket->size, voice_of(to_utf8(bracket->name)), false});
    if (bracket->size == whole.size())
      std::fill_n(readable_.begin() + static_cast<std::ptrdiff_t>(at), line.size(), U' ');
  }
}

void VoiceMarks::find_speaker(std::u32string_view line, std::size_t at) {
  const std::size_t begin = line.find_first_not_of(kLeading);
  if (begin == line.npos) return;
  const std::size_t colon = line.substr(0, begin + kLongestSpeaker + 1).find(U':', begin);
  if (colon == line.npos || colon == begin) return;
  const std::u32string_view after = line.substr(colon + 1);
  if (!after.empty() && !is_space(after[0]) && after[0] != U'*' && after[0] != U'_') return;
  std::u32string_view name = line.substr(begin, colon - begin);
  while (!name.empty() && kLeading.find(name.back()) != kLeading.npos) name.remove_suffix(1);
  const auto found = cast_.find(key_of(name));
  if (found != cast_.end()) {
    marks_.push_back({at + begin, at + colon + 1, narrator_or(found->second), true});
  } else if (looks_like_speaker(name) && !trim(after).empty()) {
    const std::string missing = to_utf8(name);
    if (std::find(missing_.begin(), missing_.end(), missing) == missing_.end()) missing_.push_back(missing);
  }
}

void VoiceMarks::place(Document& document) const {
  if (marks_.empty()) return;
  std::vector<Block> placed;
  std::string voice;  // since the last bracket
  auto mark = marks_.begin();
  for (const Block& block : document.blocks) {
    std::string speaks = voice;
    Block part{block.before, block.heading, {}, {}, {}};
    const auto finish = [&](Break before) {
      part.voice = speaks;
      strip(part);
      const Break kept = part.text.empty() ? std::max(part.before, before) : before;
      if (!part.text.empty()) placed.push_back(std::move(part));
      part = Block{kept, block.heading, {}, {}, {}};
    };
    for (std::size_t i = 0; i < block.text.size(); ++i) {
      const std::size_t position = block.source[i];
      for (; mark != marks_.end() && mark->begin <= position; ++mark) {
        finish(mark->speaker ? Break::paragraph : Break::sentence);
        speaks = mark->voice;
        if (!mark->speaker) voice = mark->voice;
      }
      const bool inside = mark != marks_.begin() && position < std::prev(mark)->end;
      if (!inside) part.append(block.text[i], position);
    }
    finish(Break::paragraph);
  }
  document.blocks = std::move(placed);
  for (const Mark& found : marks_)
    document.marks.push_back({found.begin, found.end, found.speaker ? "a speaker's name" : "a change of voice"});
  std::stable_sort(document.marks.begin(), document.marks.end(),
                   [](const Unspoken& a, const Unspoken& b) { return a.begin < b.begin; });
  drop_silent_blocks(document);
}

}  // namespace lectern::text
