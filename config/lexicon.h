// The pronunciation lexicon: how words of a script are spoken. A file of entries:
//
//   - word: Cholmondeley
//     spoken: Chumley            # or /ˈtʃʌmli/: IPA, for models that take phonemes
//     voice: bf_emma             # only this voice; likewise model: kokoro-82m
//     whole_word: true           # false: also inside of words
//     case: false                # true: only in this case
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace lectern {

struct LexiconEntry {
  std::string word;          // as it is written
  std::string spoken;        // words, or IPA without its strokes
  bool phonemes = false;     // `spoken` is IPA
  std::string voice, model;  // empty: any
  bool whole_word = true;
  bool match_case = false;
  bool operator==(const LexiconEntry&) const = default;
};
using Lexicon = std::vector<LexiconEntry>;

// Throws Fault(bad_input) for an empty word, for nothing that is spoken, and for a symbol that no model knows.
// `spoken`: as the user writes it, IPA between strokes.
LexiconEntry make_entry(const std::string& word, const std::string& spoken);
std::string spoken_as_written(const LexiconEntry& entry);  // "Chumley", "/ˈtʃʌmli/"
// Whether one takes the place of the other: the same word for the same voice and model.
bool same_place(const LexiconEntry& a, const LexiconEntry& b);

// Throws Fault(bad_input) with file and line.
Lexicon parse_lexicon(const std::string& yaml, const std::string& file);
// Of a file; throws Fault(not_found) when there is none.
Lexicon read_lexicon(const std::filesystem::path& file);
// The entries of `stronger` stand over those of `weaker`.
Lexicon joined(Lexicon weaker, const Lexicon& stronger);

// Changes a file: whole or not at all, comments stay where they can. `add` creates it; it replaces the entry of the
// same place and says so. `remove` returns how many it took out: those of the word that fit what else is named.
bool add_entry(const std::filesystem::path& file, const LexiconEntry& entry);
std::size_t remove_entries(const std::filesystem::path& file, const std::string& word, const std::string& voice,
                           const std::string& model);

// As a job keeps it.
nlohmann::json lexicon_json(const Lexicon& lexicon);
Lexicon lexicon_of(const nlohmann::json& json);

}  // namespace lectern
