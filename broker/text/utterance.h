// Words that are said as a script asks, whatever they look like: SSML's <phoneme> and <say-as>, and the pronunciations
// of pronunciation.h.
//
// How it works: as with tags, what must pass the readers of numbers and sentences unchanged is written in letters of a
// writing that nobody narrates (Anatolian hieroglyphs): two of them, the number of the entry, are one word. What is
// said in ordinary words takes their place once the language is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/text/document.h"
#include "broker/text/language.h"

namespace lectern::text {

// How a text is said; nothing: there is no such way ("expletive"), or the text is none of that kind ("cardinal":
// "many").
std::optional<Utterance> utterance_of(std::string_view interpret_as, std::string_view format, std::string_view text);

// A text with the words in place of the letters that stand for them, as people read it.
std::u32string as_written(const Document& document, std::u32string_view text);

class Utterances {
 public:
  // The word of entry `index` of Document::utterances in a block's text. At most kMost entries.
  static std::u32string letters_of(std::size_t index);
  static constexpr std::size_t kMost = 512 * 512;

  // All become ordinary words; where the model is told phonemes, those stay letters that are not longer than half of
  // `limit` when they are restored. Throws Fault(bad_input) for a symbol that is no phoneme of the language.
  Utterances(Document& document, const Language& language, bool phonemes_told, std::size_t limit);
  // What is spoken, with "[word](/ipa/)" in place of the letters.
  std::string restore(const std::string& spoken) const;

 private:
  const Document& document_;
};

}  // namespace lectern::text
