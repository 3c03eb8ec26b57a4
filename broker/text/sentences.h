// Running text -> sentences -> pieces that fit a limit.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "broker/text/language.h"

namespace lectern::text {

struct Span {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
};

// The sentences of a block, without the white space between them. kLineStop always ends one, kLinePause never does.
std::vector<Span> split_sentences(std::u32string_view text, const Language& language);

// Where to cut text[span] in two so that the first part has at most `limit` characters: after clause punctuation, else
// before a conjunction, else between words, else (one word longer than the limit) between characters. Parts come out
// about even. Returns a place inside of the span.
std::size_t best_cut(std::u32string_view text, Span span, std::size_t limit);

Span trimmed(std::u32string_view text, Span span);

}  // namespace lectern::text
