// One block of running text -> pieces that a model can speak in one go.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/text/document.h"
#include "broker/text/language.h"
#include "broker/text/sentences.h"

namespace lectern::text {

struct Piece {
  Span span;               // of the block's text
  std::string spoken;      // UTF-8
  std::size_t length = 0;  // of it, in code points
  bool ends_sentence = true;
};

// What is said for a stretch of a block as it is written; UTF-8.
using SpeakText = std::function<std::string(std::u32string_view written)>;

// In order; none is empty or longer than options.max_segment_chars.
std::vector<Piece> cut_block(const Block& block, const SegmenterOptions& options, const Language& language,
                             const SpeakText& as_spoken);

}  // namespace lectern::text
