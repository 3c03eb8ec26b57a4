// SubRip subtitles -> their text: cues are joined to sentences, and a longer silence ends a paragraph.
#include <cstdlib>
#include <optional>
#include <vector>

#include "broker/text/characters.h"
#include "broker/text/documents.h"
#include "config/fault.h"

namespace lectern::text {
namespace {

constexpr double kParagraphSilence = 2, kAnySilence = 10;  // seconds; after a sentence, and in the middle of one
constexpr std::size_t kLongParagraph = 1000;               // characters, after which the next sentence begins another

struct Times {
  double begin = 0, end = 0;
};

// "00:01:02,500" at the beginning of a text, which is then behind it.
std::optional<double> take_time(std::string_view& text) {
  double parts[3] = {};
  std::size_t count = 0, i = 0;
  for (;;) {
    const std::size_t begin = i;
    while (i < text.size() && ((text[i] >= '0' && text[i] <= '9') || (i > begin && (text[i] == ',' || text[i] == '.'))))
      ++i;
    if (i == begin || i - begin > 12 || count == 3) return std::nullopt;
    std::string number(text.substr(begin, i - begin));
    for (char& c : number) c = c == ',' ? '.' : c;
    parts[count++] = std::strtod(number.c_str(), nullptr);
    if (i >= text.size() || text[i] != ':') break;
    ++i;
  }
  if (count < 2) return std::nullopt;
  text.remove_prefix(i);
  return count == 3 ? 3600 * parts[0] + 60 * parts[1] + parts[2] : 60 * parts[0] + parts[1];
}

// "00:01:02,500 --> 00:01:04,000", with what some programs write behind it.
std::optional<Times> times_of(std::string_view line) {
  const auto begin = take_time(line);
  if (!begin) return std::nullopt;
  const auto arrow = line.find("-->");
  if (arrow == line.npos || line.substr(0, arrow).find_first_not_of(" \t") != line.npos) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of(" \t", arrow + 3), line.size()));
  const auto end = take_time(line);
  return end ? std::optional(Times{*begin, *end}) : std::nullopt;
}

bool is_number(std::string_view line) { return !line.empty() && line.find_first_not_of("0123456789") == line.npos; }

// Without "<i>", "</font>", "{\an8}".
std::string without_tags(std::string_view line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i], next = i + 1 < line.size() ? line[i + 1] : ' ';
    const bool opens = (c == '<' && (next == '/' || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z'))) ||
                       (c == '{' && (next == '\\' || next == 'b' || next == 'i' || next == 'u' || next == '/'));
    const std::size_t end = opens ? line.find(c == '<' ? '>' : '}', i) : line.npos;
    if (end == line.npos)
      plain += c;
    else
      i = end;
  }
  return plain;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    lines.push_back(line);
    begin = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  return lines;
}

class SubtitleReader {
 public:
  Extracted read(std::string_view srt) {
    const auto lines = lines_of(srt);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (is_number(lines[i]) && i + 1 < lines.size() && times_of(lines[i + 1])) continue;
      if (const auto times = times_of(lines[i]))
        begin_cue(*times);
      else if (!lines[i].empty())
        say(lines[i], i + 1);
    }
    if (!any_cue_)
      throw Fault(Exit::bad_input, "it holds no subtitles (no line like 00:00:01,000 --> 00:00:02,500)",
                  "submit it as .txt if it is ordinary text");
    return std::move(extraction_).finish();
  }

 private:
  void begin_cue(const Times& times) {
    const double silence = times.begin - ended_at_;
    const bool ended = ends_sentence(trim(said_));
    if (any_cue_ && (silence >= kAnySilence || (ended && (silence >= kParagraphSilence || length_ > kLongParagraph)))) {
      extraction_.begin_block();
      length_ = 0;
    }
    any_cue_ = true;
    ended_at_ = times.end;
  }

  void say(std::string_view line, std::size_t number) {
    if (!any_cue_)
      throw Fault(Exit::bad_input, "line " + std::to_string(number) + ": text stands before the first subtitle's times",
                  "give it a line like 00:00:01,000 --> 00:00:02,500, or submit it as .txt");
    std::u32string text = to_code_points(without_tags(line));
    std::u32string_view plain = trim(text);
    const bool speaker_changes = plain.size() > 1 && is_dash(plain[0]) && plain[0] != plain[1];
    if (speaker_changes) {
      plain = trim(plain.substr(1));
      extraction_.begin_block();
      length_ = 0;
    }
    if (plain.empty()) return;
    said_ = plain;
    length_ += plain.size();
    extraction_.text(plain);
    extraction_.text(U" ");
  }

  Extraction extraction_;
  std::u32string said_;  // last
  double ended_at_ = 0;
  std::size_t length_ = 0;  // of the paragraph
  bool any_cue_ = false;
};

}  // namespace

Extracted extract_srt(std::string_view srt) { return SubtitleReader().read(srt); }

}  // namespace lectern::text
