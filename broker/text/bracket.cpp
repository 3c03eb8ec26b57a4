#include "broker/text/bracket.h"

#include <cstdlib>

#include "broker/text/characters.h"

namespace lectern::text {
namespace {

constexpr std::size_t kLongest = 100;  // characters of a mark

struct Word {
  std::u32string_view written;
  Bracket::Kind kind;
};
constexpr Word kWords[] = {{U"voice", Bracket::Kind::voice},
                           {U"pause", Bracket::Kind::pause},
                           {U"speed", Bracket::Kind::speed},
                           {U"skip", Bracket::Kind::skip},
                           {U"/skip", Bracket::Kind::end_skip}};

// A plain decimal number and nothing else.
std::optional<double> number_of(std::u32string_view digits) {
  std::size_t points = 0, figures = 0;
  for (const char32_t c : digits) {
    points += c == U'.';
    figures += is_digit(c);
  }
  if (figures == 0 || points > 1 || points + figures != digits.size() || digits.size() > 12) return std::nullopt;
  return std::strtod(to_utf8(digits).c_str(), nullptr);
}

void read_pause(Bracket& bracket, std::u32string_view words) {
  const auto seconds = words.empty() ? 1.0 : duration_of(words);
  if (seconds && *seconds <= kLongestPause) {
    bracket.value = *seconds;
    return;
  }
  bracket.wrong = seconds ? "is longer than 10 minutes" : "names no duration";
  bracket.mend = "write [pause: 1.5s], [pause: 500ms] or [pause: 2min]";
}

void read_speed(Bracket& bracket, std::u32string_view words) {
  const auto factor = factor_of(words);
  if (factor && *factor >= kSlowest && *factor <= kFastest) {
    bracket.value = *factor;
    return;
  }
  bracket.wrong = factor ? "is not from 0.5 to 2.0" : "names no speed";
  bracket.mend = "write [speed: 0.9], and [speed: normal] to return";
}

}  // namespace

std::optional<double> duration_of(std::u32string_view words) {
  struct Unit {
    std::u32string_view name;
    double seconds;
  };
  constexpr Unit kUnits[] = {{U"ms", 0.001}, {U"min", 60}, {U"sec", 1}, {U"s", 1}};
  const std::u32string text = lower(trim(words));
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = number_of(trim(std::u32string_view(text).substr(0, text.size() - unit.name.size())));
    return number ? std::optional(*number * unit.seconds) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> factor_of(std::u32string_view words) {
  std::u32string text = lower(trim(words));
  if (text == U"normal") return 1;
  if (!text.ends_with(U'%')) return number_of(text);
  text.pop_back();
  const auto percent = number_of(trim(text));
  return percent ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<Bracket> bracket_at(std::u32string_view text) {
  if (at(text, 0) != U'[' || std::u32string_view(U"vVpPsS/").find(at(text, 1)) == text.npos) return std::nullopt;
  for (const Word& word : kWords) {
    if (text.size() <= word.written.size() || lower(text.substr(1, word.written.size())) != word.written) continue;
    std::size_t i = 1 + word.written.size();
    while (at(text, i) == U' ') ++i;
    const bool says = at(text, i) == U':';
    if (!says && (at(text, i) != U']' || word.kind == Bracket::Kind::voice)) return std::nullopt;
    Bracket bracket;
    bracket.kind = word.kind;
    const std::size_t line = std::min(text.substr(0, i + kLongest).find_first_of(U"\r\n"), text.size());
    const std::size_t end = text.substr(0, std::min(line, i + kLongest)).find(U']', i);
    if (end == text.npos) {
      if (word.kind == Bracket::Kind::voice) return std::nullopt;
      bracket.size = i + 1;
      bracket.wrong = "is not closed on its line";
      bracket.mend = "add the ]";
      return bracket;
    }
    bracket.size = end + 1;
    const auto words = says ? trim(text.substr(i + 1, end - i - 1)) : std::u32string_view();
    if (word.kind == Bracket::Kind::voice) bracket.name = words;
    if (word.kind == Bracket::Kind::pause) read_pause(bracket, words);
    if (word.kind == Bracket::Kind::speed) read_speed(bracket, words);
    if ((word.kind == Bracket::Kind::skip || word.kind == Bracket::Kind::end_skip) && says) {
      bracket.wrong = "takes no value";
      bracket.mend = "write [skip] before and [/skip] behind what is to be left out";
    }
    return bracket;
  }
  return std::nullopt;
}

}  // namespace lectern::text
