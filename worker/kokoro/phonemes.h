// Text -> the phoneme symbols that Kokoro was trained on, and their ids. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lectern::kokoro {

// The first character of UTF-8 text, with all of its bytes; a stray byte counts as a character. `text` is not empty.
std::string_view first_character(std::string_view text);

// Punctuation and the space: symbols that the model hears but does not speak.
bool is_silent(std::string_view symbol);

// Phonemes of a text in espeak-ng's language (en-us, en-gb, es, ...): punctuation is kept, the words go through
// espeak-ng and its IPA is mapped to the model's symbols. "[word](/ipa/)" is spoken as transcribed. May hold symbols
// outside of the vocabulary.
std::string phonemes_of(const std::string& text, const std::string& language);

// The model's symbols and their ids, from its tokenizer.json.
class Vocabulary {
 public:
  // Throws Fault naming the file.
  explicit Vocabulary(const std::filesystem::path& tokenizer_json);

  struct Symbols {
    std::vector<std::string> symbols;    // those that the model knows, spaces collapsed and trimmed
    std::map<std::string, int> dropped;  // those that it does not know, and how often
    std::string text() const;
  };
  Symbols symbols_of(std::string_view phonemes) const;
  // The ids between two pads (0). Every symbol must be one that symbols_of() gave.
  std::vector<int64_t> ids_of(const std::vector<std::string>& symbols) const;

 private:
  std::unordered_map<std::string, int64_t> ids_;
};

// Cuts symbols into pieces of at most `longest`: at the ends of sentences, else at other punctuation, else at spaces,
// never inside a word. Throws Fault when one word is longer.
std::vector<std::vector<std::string>> pieces_of(const std::vector<std::string>& symbols, std::size_t longest);

}  // namespace lectern::kokoro
