// A few words alone: some models babble on them, so they are spoken together with a neighbour.
#pragma once

#include <string_view>
#include <vector>

#include "broker/text/document.h"

namespace lectern::text {

inline constexpr std::size_t kFragmentWords = 3;  // so few are a fragment

std::size_t count_words(std::u32string_view text);

// Joins each segment of a few words to the one behind it, else, unless it is a heading, to the one before it: within a
// voice and a section, where both have room in `limit`, and over nothing but white space and marks. Gives for each
// segment its place in what is left.
std::vector<std::size_t> join_fragments(const Document& document, std::size_t limit, std::vector<Segment>& segments);

}  // namespace lectern::text
