// Times of day: 10:30, 22:00, 9 a.m., 10:30pm, 10:30:15; and proportions, 2:1.
#include <algorithm>

#include "broker/text/characters.h"
#include "broker/text/reader.h"

namespace lectern::text {
namespace {

int two_digits(std::u32string_view text, std::size_t i) {
  return is_digit(at(text, i)) && is_digit(at(text, i + 1)) && !is_digit(at(text, i + 2))
             ? static_cast<int>((text[i] - U'0') * 10 + (text[i + 1] - U'0'))
             : -1;
}

// "a.m.", "am", "PM" after an optional blank: where it ends, else 0.
std::size_t half_of_day(std::u32string_view text, std::size_t i, std::u32string& half) {
  i = skip_blank(text, i);
  const char32_t first = lower(at(text, i));
  if (first != U'a' && first != U'p') return 0;
  const bool dotted = at(text, i + 1) == U'.';
  const std::size_t m = dotted ? i + 2 : i + 1;
  if (lower(at(text, m)) != U'm' || is_word(at(text, m + 1)) || (dotted && at(text, m + 1) != U'.')) return 0;
  if (!dotted && is_upper(at(text, m)) != is_upper(at(text, i))) return 0;
  half = first == U'a' ? U"a.m." : U"p.m.";
  // The full stop of "pm." ends the sentence; it is taken in and stands in "p.m." already.
  return at(text, m + 1) == U'.' ? m + 2 : m + 1;
}

std::u32string say_minutes(const Sentence& s, int minutes) {
  return minutes < 10 ? U"oh " + s.spell.cardinal(minutes) : s.spell.cardinal(minutes);
}

std::u32string say_english(const Sentence& s, int hour, int minutes, int seconds, const std::u32string& half) {
  std::u32string spoken;
  if (minutes == 0 && half.empty()) {
    if (hour == 0 || hour == 24)
      spoken = U"midnight";
    else
      spoken = s.spell.cardinal(hour) + (hour > 12 ? U" hundred" : U" o'clock");
  } else {
    spoken = s.spell.cardinal(hour);
    if (minutes > 0) spoken += U' ' + say_minutes(s, minutes);
  }
  if (seconds >= 0) spoken += U" and " + s.spell.cardinal(seconds) + (seconds == 1 ? U" second" : U" seconds");
  if (!half.empty()) spoken += U' ' + half;
  return spoken;
}

std::u32string say_foreign(const Sentence& s, int hour, int minutes) {
  std::u32string spoken = s.spell.cardinal(hour);
  if (!s.language.hour_joint.empty()) spoken += U' ' + std::u32string(s.language.hour_joint);
  if (minutes > 0 || s.language.hour_joint.empty()) spoken += U' ' + s.spell.cardinal(minutes);
  if (minutes > 0 && !s.language.hour_end.empty()) spoken += U' ' + std::u32string(s.language.hour_end);
  return spoken;
}

std::optional<Reading> read_time(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!is_digit(at(text, i)) || is_word(before(text, i)) || before(text, i) == U':') return std::nullopt;
  if (before(text, i) == U'.' && i >= 2 && is_digit(text[i - 2])) return std::nullopt;
  std::size_t end = i;
  int hour = 0;
  while (is_digit(at(text, end)) && end - i < 3) hour = hour * 10 + static_cast<int>(text[end++] - U'0');
  if (is_digit(at(text, end)) || hour > 24 || end - i > 2) return std::nullopt;
  int minutes = 0, seconds = -1;
  bool colon = false;
  if (at(text, end) == U':' || (s.language.english && at(text, end) == U'.' && hour <= 12)) {
    const bool stop = text[end] == U'.';
    minutes = two_digits(text, end + 1);
    std::u32string half;
    if (minutes < 0 || minutes > 59 || (stop && half_of_day(text, end + 3, half) == 0)) return std::nullopt;
    colon = true;
    end += 3;
    if (at(text, end) == U':') {
      seconds = two_digits(text, end + 1);
      if (seconds < 0 || seconds > 59) return std::nullopt;
      end += 3;
    }
  }
  if (!colon && at(text, end) == U'h' && s.language.hour_joint.starts_with(U'h')) {  // 22h30, 22h
    minutes = two_digits(text, end + 1);
    colon = minutes < 60;
    end += minutes < 0 ? 1 : 3;
    minutes = std::max(minutes, 0);
  }
  std::u32string half;
  if (s.language.english) {
    if (const std::size_t after = half_of_day(text, end, half); after > 0 && hour <= 12 && (colon || hour > 0))
      end = after;
    else
      half.clear();
  }
  if ((!colon && half.empty()) || is_word(at(text, end))) return std::nullopt;
  if (s.language.english) return Reading{end, say_english(s, hour, minutes, seconds, half)};
  auto spoken = say_foreign(s, hour, minutes);
  if (seconds >= 0) spoken += U' ' + s.spell.cardinal(seconds);
  return Reading{end, spoken};
}

// 3:1, 16:9
std::optional<Reading> read_proportion(const Sentence& s, std::size_t i) {
  const auto text = s.text;
  if (!is_digit(at(text, i)) || is_word(before(text, i)) || before(text, i) == U':') return std::nullopt;
  std::size_t colon = i;
  while (is_digit(at(text, colon))) ++colon;
  std::size_t end = colon + 1;
  while (is_digit(at(text, end))) ++end;
  if (at(text, colon) != U':' || end == colon + 1 || at(text, end) == U':' || is_word(at(text, end)))
    return std::nullopt;
  return Reading{end, s.spell.whole(text.substr(i, colon - i)) + U' ' + std::u32string(s.language.to) + U' ' +
                          s.spell.whole(text.substr(colon + 1, end - colon - 1))};
}

}  // namespace

std::optional<Reading> read_clock(const Sentence& s, std::size_t i) {
  const auto from = read_time(s, i);
  if (!from) return read_proportion(s, i);
  if (!is_dash(at(s.text, from->end))) return from;
  const auto until = read_time(s, from->end + 1);
  if (!until) return from;
  return Reading{until->end, from->spoken + U' ' + std::u32string(s.language.to) + U' ' + until->spoken};
}

}  // namespace lectern::text
