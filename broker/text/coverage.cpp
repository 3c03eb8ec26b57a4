#include "broker/text/coverage.h"

#include <algorithm>
#include <optional>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

constexpr std::size_t kWholeSentences = 1'000'000;
constexpr std::size_t kMostProblems = 5, kQuoted = 60;

std::string quoted(const std::string& text) {
  if (text.size() <= kQuoted) return "'" + text + "'";
  std::size_t end = kQuoted;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return "'" + text.substr(0, end) + "...'";
}

// Words of a run of segments.
template <class Segments>
std::vector<std::string> words_of_run(const Segments& segments, std::size_t begin, std::size_t end) {
  std::vector<std::string> all;
  for (std::size_t i = begin; i < end; ++i) {
    auto words = words_of(segments[i].spoken);
    all.insert(all.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  }
  return all;
}

template <class Segments>
std::string text_of_run(const Segments& segments, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text += (text.empty() ? "" : " ") + segments[i].spoken;
  return text;
}

class Comparison {
 public:
  Comparison(const Cut& cut, std::size_t limit, const std::vector<Covered>& segments, std::vector<Segment> script)
      : cut_(cut), limit_(limit), spoken_(segments), script_(std::move(script)) {}

  std::vector<std::string> run() {
    std::size_t i = 0, j = 0;
    while (problems_.size() < kMostProblems && i < spoken_.size() && j < script_.size()) {
      const std::size_t first = i, first_script = j;
      if (spoken_[i].begin != script_[j].begin) {
        tell(i, "begins at character " + std::to_string(spoken_[i].begin) + ", the script's sentence at " +
                    std::to_string(script_[j].begin));
        spoken_[i].begin < script_[j].begin ? ++i : ++j;
        continue;
      }
      std::size_t end = spoken_[i++].end, end_script = script_[j++].end;
      while (end != end_script) {
        if (end < end_script ? i == spoken_.size() : j == script_.size()) break;
        if (end < end_script)
          end = spoken_[i++].end;
        else
          end_script = script_[j++].end;
      }
      if (end != end_script)
        tell(first,
             "ends at character " + std::to_string(end) + ", the script's sentence at " + std::to_string(end_script));
      else
        compare(first, i, first_script, j);
    }
    if (problems_.empty() && i < spoken_.size())
      tell(i, "speaks " + quoted(spoken_[i].spoken) + ", which is not in the script");
    if (problems_.empty() && j < script_.size())
      problems_.push_back("no segment speaks " + quoted(script_[j].spoken) + " at character " +
                          std::to_string(script_[j].begin));
    return std::move(problems_);
  }

 private:
  void tell(std::size_t i, const std::string& what) {
    problems_.push_back("segment " + std::to_string(spoken_[i].index) + " " + what);
  }

  void compare(std::size_t begin, std::size_t end, std::size_t begin_script, std::size_t end_script) {
    const bool edited = std::any_of(spoken_.begin() + static_cast<std::ptrdiff_t>(begin),
                                    spoken_.begin() + static_cast<std::ptrdiff_t>(end),
                                    [](const Covered& segment) { return segment.edited; });
    if (!edited && words_of_run(spoken_, begin, end) == words_of_run(script_, begin_script, end_script)) return;
    if (edited && end - begin == 1) return;
    if (end - begin > 1 && equals_cut(begin, end)) return;
    tell(begin, "speaks " + quoted(text_of_run(spoken_, begin, end)) + ", the script says " +
                    quoted(text_of_run(script_, begin_script, end_script)));
  }

  // Whether the segments are those that the script gives at their own limit, the edited ones left aside.
  bool equals_cut(std::size_t begin, std::size_t end) {
    if (!again_) again_ = cut_(limit_).segments;
    const std::vector<Segment>& again = *again_;
    auto at = std::lower_bound(again.begin(), again.end(), spoken_[begin].begin,
                               [](const Segment& segment, std::size_t place) { return segment.begin < place; });
    std::size_t i = begin;
    while (i < end) {
      if (at == again.end() || at->begin != spoken_[i].begin) return false;
      std::size_t last = i + 1;  // both halves of one that was split
      bool edited = spoken_[i].edited;
      while (last < end && spoken_[last - 1].end < at->end) edited |= spoken_[last++].edited;
      if (spoken_[last - 1].end != at->end) return false;
      if (!edited && words_of_run(spoken_, i, last) != words_of(at->spoken)) return false;
      i = last;
      ++at;
    }
    return true;
  }

  const Cut& cut_;
  const std::size_t limit_;
  const std::vector<Covered>& spoken_;
  const std::vector<Segment> script_;
  std::optional<std::vector<Segment>> again_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> words_of(std::string_view utf8) {
  std::vector<std::string> words;
  std::u32string word;
  for (const char32_t c : to_code_points(utf8)) {
    if (is_word(c)) {
      word += lower(c);
    } else if (!word.empty()) {
      words.push_back(to_utf8(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(to_utf8(word));
  return words;
}

std::vector<std::string> gaps(const std::vector<Covered>& segments, const std::vector<Unspoken>& unspoken,
                              std::size_t characters) {
  struct Range {
    std::size_t begin, end;
    std::string what;
  };
  std::vector<Range> ranges;
  std::vector<std::string> problems;
  for (const Covered& s : segments) ranges.push_back({s.begin, s.end, "segment " + std::to_string(s.index)});
  for (std::size_t i = 1; i < segments.size(); ++i)
    if (segments[i].begin < segments[i - 1].begin)
      problems.push_back(ranges[i].what + " speaks an earlier place of the script than the one before it");
  const auto within_a_segment = [&](const Unspoken& gap) {
    const auto behind = std::partition_point(segments.begin(), segments.end(),
                                             [&](const Covered& segment) { return segment.begin < gap.begin; });
    if (behind == segments.begin()) return false;
    const Covered& segment = *std::prev(behind);
    const bool halves = behind != segments.end() && behind->begin == segment.end;  // one that was split
    return gap.begin < segment.end && gap.end < (halves ? behind->end : segment.end);
  };
  for (const Unspoken& gap : unspoken)
    if (!within_a_segment(gap)) ranges.push_back({gap.begin, gap.end, gap.reason});
  std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::size_t reached = 0;
  for (const Range& range : ranges) {
    if (range.begin > reached)
      problems.push_back("characters " + std::to_string(reached) + " to " + std::to_string(range.begin) +
                         " of the script are in no segment and have no reason");
    if (range.begin < reached)
      problems.push_back("characters " + std::to_string(range.begin) + " to " +
                         std::to_string(std::min(reached, range.end)) + " of the script are accounted for twice, in " +
                         range.what);
    reached = std::max(reached, range.end);
  }
  if (characters > 0 && reached != characters)
    problems.push_back(reached < characters
                           ? "characters " + std::to_string(reached) + " to " + std::to_string(characters) +
                                 " of the script are in no segment and have no reason"
                           : "what is spoken goes on behind the script's end");
  if (problems.size() > kMostProblems) problems.resize(kMostProblems);
  return problems;
}

std::vector<std::string> uncovered(const Cut& cut, std::size_t limit, const std::vector<Covered>& segments,
                                   const std::vector<Unspoken>& unspoken) {
  Segmentation script = cut(kWholeSentences);
  std::vector<std::string> problems = gaps(segments, unspoken, script.characters);
  if (!problems.empty()) return problems;
  return Comparison(cut, limit, segments, std::move(script.segments)).run();
}

}  // namespace lectern::text
