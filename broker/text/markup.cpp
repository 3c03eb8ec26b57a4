#include "broker/text/markup.h"

#include <algorithm>

#include "broker/text/bracket.h"
#include "broker/text/characters.h"
#include "broker/text/pronunciation.h"
#include "broker/text/utterance.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLongestSpeaker = 32, kMostWords = 3;
constexpr std::u32string_view kLeading = U"*_>-# \t";
constexpr char32_t kNothing = U'\u200b';  // takes the place of a backslash

std::string narrator_or(const std::string& voice) { return voice == "narrator" ? "" : voice; }

std::string key_of(std::u32string_view name) { return to_utf8(lower(name)); }

bool is_line_end(char32_t c) { return c == U'\n' || c == U'\r'; }

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

bool may_have_markup(std::string_view bytes) {
  if (bytes.find('\0') != bytes.npos) return true;  // UTF-16
  for (auto at = bytes.find('['); at != bytes.npos; at = bytes.find('[', at + 1)) {
    const char next = at + 1 < bytes.size() ? bytes[at + 1] : ' ';
    if (std::string_view("vVpPsS/").find(next) != std::string_view::npos &&
        bracket_at(to_code_points(bytes.substr(at, 128))))
      return true;
  }
  for (auto at = bytes.find("](/"); at != bytes.npos; at = bytes.find("](/", at + 1)) {
    const std::string_view target = bytes.substr(at + 2, 512);
    const std::size_t end = target.find(')');
    if (end != target.npos && is_pronunciation(to_code_points(target.substr(0, end)))) return true;
  }
  return false;
}

Markup::Markup(std::u32string_view script, const std::map<std::string, std::string>& cast,
               const std::vector<Range>& code, std::size_t first_line)
    : script_(script), first_line_(first_line), readable_(script) {
  for (const auto& [speaker, voice] : cast) cast_[key_of(to_code_points(speaker))] = voice;
  find_brackets(code);
  if (!cast_.empty()) find_speakers();
  blank_marks();
}

void Markup::refuse(std::size_t position, const std::string& what, const std::string& mend) const {
  const Place place = place_of(script_, position);
  throw Fault(
      Exit::bad_input,
      "line " + std::to_string(place.line + first_line_ - 1) + ", column " + std::to_string(place.column) + ": " + what,
      mend);
}

std::string Markup::voice_of(const std::string& name) const {
  const auto found = cast_.find(key_of(to_code_points(name)));
  return narrator_or(found != cast_.end() ? found->second : name);
}

void Markup::find_brackets(const std::vector<Range>& code) {
  auto literal = code.begin();
  for (std::size_t i = script_.find(U'['); i != script_.npos; i = script_.find(U'[', i)) {
    const std::size_t here = i++;
    while (literal != code.end() && literal->end <= here) ++literal;
    if (literal != code.end() && literal->begin <= here) continue;
    const auto pronunciation = pronunciation_at(script_.substr(here, 256));
    const auto bracket = pronunciation ? std::nullopt : bracket_at(script_.substr(here, 256));
    if (!pronunciation && !bracket) continue;
    if (before(script_, here) == U'\\') {
      readable_[here - 1] = kNothing;
      continue;
    }
    if (pronunciation) {
      Mark mark{Kind::pronunciation, here, here + pronunciation->size, {}};
      mark.word = pronunciation->word;
      mark.ipa = pronunciation->ipa;
      i = mark.end;
      marks_.push_back(std::move(mark));
      continue;
    }
    const std::size_t end = here + bracket->size;
    const std::string written = to_utf8(script_.substr(here, bracket->size));
    if (!bracket->wrong.empty())
      refuse(here, "'" + written + "' " + bracket->wrong, bracket->mend + "; \\[ is an ordinary bracket");
    if (bracket->kind == Bracket::Kind::end_skip)
      refuse(here, written + " closes nothing", "write [skip] before what is to be left out");
    if (bracket->kind == Bracket::Kind::skip) {
      i = skip_from(here, end);
      continue;
    }
    Mark mark{Kind::voice, here, end, {}, bracket->value};
    if (bracket->kind == Bracket::Kind::voice) mark.voice = voice_of(to_utf8(bracket->name));
    if (bracket->kind == Bracket::Kind::pause) mark.kind = Kind::pause;
    if (bracket->kind == Bracket::Kind::speed) mark.kind = Kind::speed;
    marks_.push_back(std::move(mark));
    i = end;
  }
}

// What is skipped is looked at for its end alone. Returns where the script goes on.
std::size_t Markup::skip_from(std::size_t begin, std::size_t end) {
  for (std::size_t i = script_.find(U'[', end); i != script_.npos; i = script_.find(U'[', i + 1)) {
    const auto bracket = bracket_at(script_.substr(i, 256));
    if (!bracket || before(script_, i) == U'\\') continue;
    if (bracket->kind == Bracket::Kind::skip)
      refuse(i, "[skip] inside of the one of line " + std::to_string(place_of(script_, begin).line + first_line_ - 1),
             "close that one first, with [/skip]");
    if (bracket->kind != Bracket::Kind::end_skip) continue;
    marks_.push_back({Kind::skip, begin, i + bracket->size, {}, 0, end, i});
    return i + bracket->size;
  }
  refuse(begin, "[skip] is never closed", "write [/skip] behind what is to be left out");
}

// The ranges are ascending.
bool Markup::is_inside(const std::vector<Range>& ranges, std::size_t position) {
  const auto range =
      std::partition_point(ranges.begin(), ranges.end(), [&](const Range& r) { return r.end <= position; });
  return range != ranges.end() && range->begin <= position;
}

void Markup::find_speakers() {
  std::vector<Range> skipped;
  for (const Mark& mark : marks_)
    if (mark.kind == Kind::skip) skipped.push_back({mark.begin, mark.end});
  for (std::size_t begin = 0; begin < script_.size();) {
    std::size_t end = begin;
    while (end < script_.size() && !is_line_end(script_[end])) ++end;
    if (end > begin) find_speaker(script_.substr(begin, end - begin), begin, skipped);
    begin = end + 1;
  }
  std::stable_sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return a.begin < b.begin; });
  if (missing_.empty()) return;
  std::string names;
  for (const std::string& name : missing_) names += (names.empty() ? "" : ", ") + name;
  throw Fault(Exit::bad_input, "the cast has no voice for the speakers " + names,
              "add them to the cast; 'narrator' stands for the script's own voice");
}

void Markup::find_speaker(std::u32string_view line, std::size_t at, const std::vector<Range>& skipped) {
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
    if (!is_inside(skipped, at + begin))
      marks_.push_back({Kind::speaker, at + begin, at + colon + 1, narrator_or(found->second)});
  } else if (looks_like_speaker(name) && !trim(after).empty() && !is_inside(skipped, at + begin)) {
    const std::string missing = to_utf8(name);
    if (std::find(missing_.begin(), missing_.end(), missing) == missing_.end()) missing_.push_back(missing);
  }
}

void Markup::blank_marks() {
  const auto blank = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      if (!is_line_end(readable_[i])) readable_[i] = U' ';
  };
  for (auto mark = marks_.begin(); mark != marks_.end(); ++mark) {
    if (mark->kind == Kind::skip) blank(mark->inner_begin, mark->inner_end);
    if (mark->stands_in_text()) continue;
    // The line, or the lines of a skip, and whether anything else stands in them.
    std::size_t begin = mark->begin;
    while (begin > 0 && is_space(readable_[begin - 1]) && !is_line_end(readable_[begin - 1])) --begin;
    if (begin > 0 && !is_line_end(readable_[begin - 1])) continue;
    auto last = mark;
    std::size_t end = mark->end;
    for (;;) {
      while (end < readable_.size() && is_space(readable_[end]) && !is_line_end(readable_[end])) ++end;
      const auto next = std::next(last);
      if (next == marks_.end() || next->begin != end || next->stands_in_text()) break;
      last = next;
      end = last->end;
    }
    if (end == readable_.size() || is_line_end(readable_[end])) blank(begin, end);
  }
}

// Goes through blocks and marks at once.
class Markup::Placement {
 public:
  Placement(const std::vector<Mark>& marks, Document& document)
      : marks_(marks), next_(marks.begin()), document_(document) {}

  void run() {
    for (const Block& block : document_.blocks) place(block);
    for (; next_ != marks_.end(); ++next_)
      if (next_->kind == Kind::pause) add_pause(next_->value);
    document_.blocks = std::move(placed_);
    document_.pause_after_s = pause_s_;
  }

 private:
  void place(const Block& block) {
    speaks_ = voice_;
    part_ = block.bare();
    part_.chapter = block.chapter;
    for (std::size_t i = 0; i < block.text.size(); ++i) {
      const std::size_t position = block.source[i];
      for (; next_ != marks_.end() && next_->begin <= position; ++next_) obey(*next_);
      if (next_ == marks_.begin() || position >= std::prev(next_)->end) part_.append(block.text[i], position);
    }
    finish(Break::paragraph);
  }

  void obey(const Mark& mark) {
    switch (mark.kind) {
      case Kind::voice:
      case Kind::speaker:
        finish(mark.kind == Kind::speaker ? Break::paragraph : Break::sentence);
        speaks_ = mark.voice;
        if (mark.kind == Kind::voice) voice_ = mark.voice;
        break;
      case Kind::pause:
        interrupt();
        add_pause(mark.value);
        break;
      case Kind::speed:
        interrupt();
        speed_ = mark.value;
        break;
      case Kind::skip:
        interrupt();
        break;
      case Kind::pronunciation:
        pronounce(mark);
        break;
    }
  }

  void pronounce(const Mark& mark) {
    if (document_.utterances.size() >= Utterances::kMost)
      throw Fault(Exit::bad_input, "more than " + std::to_string(Utterances::kMost) + " pronunciations in one script",
                  "put those that come often into the lexicon");
    const std::u32string letters = Utterances::letters_of(document_.utterances.size());
    document_.utterances.push_back({Utterance::Kind::phonemes, mark.word, mark.ipa});
    part_.append(letters[0], mark.begin);
    part_.append(letters[1], mark.end - 1);
  }

  void add_pause(double seconds) { pause_s_ = std::max(pause_s_, 0.0) + seconds; }

  // The sentence may go on behind the mark.
  void interrupt() {
    const auto text = trim(part_.text);
    if (text.empty()) return finish(part_.before);
    part_.goes_on = !ends_sentence(text);
    finish(part_.goes_on ? Break::clause : Break::sentence);
  }

  void finish(Break before) {
    part_.voice = speaks_;
    part_.speed = speed_;
    strip(part_);
    Block rest = part_.bare();
    rest.before = part_.text.empty() ? std::max(part_.before, before) : before;
    if (part_.text.empty()) {
      rest.chapter = part_.chapter;
    } else {
      part_.pause_before_s = pause_s_;
      pause_s_ = -1;
      placed_.push_back(std::move(part_));
    }
    part_ = std::move(rest);
  }

  const std::vector<Mark>& marks_;
  std::vector<Mark>::const_iterator next_;
  Document& document_;
  std::vector<Block> placed_;
  Block part_;
  std::string voice_, speaks_;  // since the last bracket; of the part
  double speed_ = 1, pause_s_ = -1;
};

void Markup::place(Document& document) const {
  if (marks_.empty()) return;
  Placement(marks_, document).run();
  for (const Mark& mark : marks_) {
    if (mark.kind == Kind::skip) {
      document.marks.push_back({mark.begin, mark.inner_begin, "markup"});
      if (mark.inner_begin < mark.inner_end) document.marks.push_back({mark.inner_begin, mark.inner_end, "skipped"});
      document.marks.push_back({mark.inner_end, mark.end, "markup"});
      continue;
    }
    if (mark.kind == Kind::pronunciation) continue;  // it is spoken
    constexpr const char* kReasons[] = {"a change of voice", "a speaker's name", "a pause", "a change of speed"};
    document.marks.push_back({mark.begin, mark.end, kReasons[static_cast<int>(mark.kind)]});
  }
  sort_marks(document);
  drop_silent_blocks(document);
}

}  // namespace lectern::text
