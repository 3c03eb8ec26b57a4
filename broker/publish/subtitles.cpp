#include "broker/publish/subtitles.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string_view>

namespace lectern::publish {

namespace {

using nlohmann::ordered_json;

constexpr double kShortest_s = 1;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

// "[word](/phonemes/)", as some models are given a word, is shown as the word.
std::string without_phonemes(std::string text) {
  for (std::size_t middle; (middle = text.find("](/")) != std::string::npos;) {
    const std::size_t open = text.rfind('[', middle), close = text.find("/)", middle + 3);
    if (open == std::string::npos || close == std::string::npos) break;
    text = text.substr(0, open) + text.substr(open + 1, middle - open - 1) + text.substr(close + 2);
  }
  return text;
}

// Words, none longer than a line.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    while (characters(word) > kLineCharacters) {
      std::size_t cut = 0;
      for (std::size_t count = 0; cut < word.size(); ++cut)
        if ((static_cast<unsigned char>(word[cut]) & 0xC0) != 0x80 && count++ == kLineCharacters) break;
      words.push_back(word.substr(0, cut));
      word.erase(0, cut);
    }
    words.push_back(word);
  }
  return words;
}

// How well a cue can end behind this word: 2 a sentence, 1 a clause, 0 not.
int pause_after(const std::string& word) {
  constexpr std::string_view kClosing[] = {"\"", "'", ")", "]", "\u201d", "\u2019", "\u00bb"};
  std::string_view rest = word;
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view closing : kClosing)
      if (rest.size() > closing.size() && rest.ends_with(closing)) rest.remove_suffix(closing.size()), cut = true;
  }
  for (const std::string_view mark : {".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", "\u0964"})
    if (rest.ends_with(mark)) return 2;
  for (const std::string_view mark : {",", ";", ":", "\u2013", "\u2014", "-", "\uff0c", "\u3001"})
    if (rest.ends_with(mark)) return 1;
  return 0;
}

using Words = std::vector<std::string>;

std::string join(const Words& words, std::size_t from, std::size_t to) {
  std::string text;
  for (std::size_t i = from; i < to; ++i) text += (i > from ? " " : "") + words[i];
  return text;
}

// How many words from `from` on fit into one line.
std::size_t line_end(const Words& words, std::size_t from) {
  std::size_t width = 0, i = from;
  for (; i < words.size(); ++i) {
    width += characters(words[i]) + (i > from ? 1 : 0);
    if (width > kLineCharacters) break;
  }
  return i;
}

// Two lines as even as can be, rather broken where the text pauses.
std::vector<std::string> lay_out(const Words& words, std::size_t from, std::size_t to) {
  const std::string whole = join(words, from, to);
  if (characters(whole) <= kLineCharacters) return {whole};
  double best = 1e9;
  std::vector<std::string> lines;
  for (std::size_t cut = from + 1; cut < to; ++cut) {
    const std::string first = join(words, from, cut), second = join(words, cut, to);
    const auto one = characters(first), other = characters(second);
    if (one > kLineCharacters || other > kLineCharacters) continue;
    const double cost =
        std::abs(static_cast<double>(one) - static_cast<double>(other)) - 8 * pause_after(words[cut - 1]);
    if (cost < best) best = cost, lines = {first, second};
  }
  return lines;
}

std::string clock(double seconds, char point) {
  const long long at = std::llround(seconds * 1000);
  char text[48];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", at / 3600000, at / 60000 % 60, at / 1000 % 60, point,
                at % 1000);
  return text;
}

std::string escaped(const std::string& line) {
  std::string out;
  for (const char c : line) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

std::string write_srt(const std::vector<Cue>& cues, const PublishRequest&, const std::string&) {
  std::string text;
  for (std::size_t i = 0; i < cues.size(); ++i) {
    text += std::to_string(i + 1) + "\n" + clock(cues[i].start_s, ',') + " --> " + clock(cues[i].end_s, ',') + "\n";
    for (const std::string& line : cues[i].lines) text += line + "\n";
    text += "\n";
  }
  return text;
}

std::string write_vtt(const std::vector<Cue>& cues, const PublishRequest&, const std::string&) {
  std::string text = "WEBVTT\n\n";
  for (const Cue& cue : cues) {
    text += clock(cue.start_s, '.') + " --> " + clock(cue.end_s, '.') + "\n";
    for (const std::string& line : cue.lines) text += escaped(line) + "\n";
    text += "\n";
  }
  return text;
}

// {"schema": "lectern-readalong", "version": 1, "audio": ..., "lines": [{"segment", "begin", "end": code points of the
// script that the segment speaks, "start_s", "end_s", "text"}]}
std::string write_readalong(const std::vector<Cue>& cues, const PublishRequest& request, const std::string& audio) {
  const auto as_text = [](const ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string text = "{\"schema\": \"lectern-readalong\", \"version\": 1, \"audio\": " + as_text(audio) + ", \"lines\": [";
  for (std::size_t i = 0; i < cues.size(); ++i) {
    const PublishedSegment& segment = request.segments[cues[i].segment];
    const auto rounded = [](double seconds) { return std::round(seconds * 1000) / 1000; };
    text += i > 0 ? ",\n " : "\n ";
    text += as_text({{"segment", segment.index},
                     {"begin", segment.begin},
                     {"end", segment.end},
                     {"start_s", rounded(cues[i].start_s)},
                     {"end_s", rounded(cues[i].end_s)},
                     {"text", join(cues[i].lines, 0, cues[i].lines.size())}});
  }
  return text + "\n]}\n";
}

}  // namespace

std::vector<std::vector<std::string>> cue_texts(const std::string& text) {
  const Words words = words_of(without_phonemes(text));
  std::vector<std::vector<std::string>> cues;
  for (std::size_t from = 0; from < words.size();) {
    std::size_t to = from;
    for (std::size_t line = 0; line < kCueLines && to < words.size(); ++line) to = line_end(words, to);
    if (to < words.size()) {
      // Back to where the text pauses, if that keeps a third of what would fit; a sentence's end comes first.
      const std::size_t full = characters(join(words, from, to));
      std::size_t best = to;
      for (const int wanted : {2, 1}) {
        for (std::size_t cut = to; best == to && cut > from; --cut)
          if (pause_after(words[cut - 1]) == wanted && characters(join(words, from, cut)) * 3 >= full) {
            best = cut;
            break;
          }
        if (best != to) break;
      }
      to = best;
    }
    cues.push_back(lay_out(words, from, to));
    from = to;
  }
  return cues;
}

std::vector<Cue> cues_of(const PublishRequest& request, const Timeline& timeline, std::size_t first, std::size_t end,
                         std::int64_t begin) {
  const double rate = timeline.sample_rate_hz;
  std::vector<Cue> cues;
  for (std::size_t i = first; i < end; ++i) {
    const Piece& piece = timeline.pieces[i];
    const double start = static_cast<double>(piece.start - begin) / rate;
    const double speech = static_cast<double>(piece.speech) / rate, pause = static_cast<double>(piece.pause) / rate;
    const auto texts = cue_texts(request.segments[i].spoken);
    std::size_t total = 0, before = 0;
    for (const auto& lines : texts)
      for (const std::string& line : lines) total += characters(line);
    for (const auto& lines : texts) {
      std::size_t here = 0;
      for (const std::string& line : lines) here += characters(line);
      const auto at = [&](std::size_t count) {
        return start + speech * static_cast<double>(count) / static_cast<double>(total);
      };
      cues.push_back({at(before), at(before + here), lines, i});
      before += here;
    }
    if (!texts.empty()) {
      Cue& last = cues.back();
      last.end_s += std::clamp(kShortest_s - (last.end_s - last.start_s), 0.0, pause);
    }
  }
  return cues;
}

const std::vector<SubtitleKind>& subtitle_kinds() {
  static const std::vector<SubtitleKind> all = {
      {"srt", ".srt", write_srt}, {"vtt", ".vtt", write_vtt}, {"readalong", ".readalong.json", write_readalong}};
  return all;
}

const SubtitleKind* find_subtitles(const std::string& name) {
  const auto& all = subtitle_kinds();
  const auto found = std::find_if(all.begin(), all.end(), [&](const SubtitleKind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace lectern::publish
