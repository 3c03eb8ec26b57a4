// The lexicon at work: words of a script are spoken as its entries say.
//
// How it works: entries are looked for in the text as it is written, before numbers and abbreviations are written out.
// What they match is a letter of a writing that nobody narrates (Linear A) on its way through the
// normaliser, and becomes what is spoken for it behind it. A text that holds such letters itself is left as it is.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/lexicon.h"

namespace lectern::text {

class Respelling {
 public:
  // `voice`: the job's. `phonemes`: whether the model takes "[word](/ipa/)"; if not, entries with phonemes are left
  // out.
  Respelling(const Lexicon& lexicon, const std::string& voice, const std::string& language, bool phonemes);

  // What is spoken for the text, UTF-8: normalised, with its entries. `voice`: who speaks it; empty: the job's.
  std::string speak(std::u32string_view written, const std::string& voice) const;

 private:
  struct Entry {
    std::u32string word;    // in lower case unless the case counts
    std::u32string spoken;  // normalised, or IPA
    std::string voice;      // empty: any
    bool phonemes, whole_word, match_case;
  };
  const Entry* match(std::u32string_view text, std::u32string_view lower, std::size_t at,
                     const std::string& voice) const;

  std::string voice_, language_;
  std::map<char32_t, std::vector<Entry>> entries_;  // by their first letter in lower case; the longest first
};

// The words of those entries that the text holds.
std::vector<std::string> words_in(const Lexicon& lexicon, std::string_view text);

}  // namespace lectern::text
