// What a misspelt word was probably meant to be.
#pragma once

#include <string>
#include <vector>

namespace lectern {

// Of `known`, the word nearest to `word` by edit distance, or empty when none is near.
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

}  // namespace lectern
