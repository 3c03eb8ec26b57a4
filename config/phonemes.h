// The international phonetic alphabet -> the symbols that Kokoro was trained on. Pure.
//
// Languages are those of the text front end: en-us, en-gb, es, fr, hi, it, pt-br.
#pragma once

#include <string>
#include <string_view>

namespace lectern {

// What espeak-ng gives for words; it ties sounds with "^".
std::string phonemes_of_espeak(std::string ipa, const std::string& language);

// What people write, as in dictionaries: "ˈtʃʌmli". Ties and dots between syllables may be there; a stress before a
// syllable moves to its vowel, where the model expects it. The model's own symbols stay as they are.
std::string phonemes_of_ipa(std::string_view ipa, const std::string& language);

// The first symbol of such a transcription that the model does not know; empty: it knows all. Without a language: that
// it knows in none.
std::string unknown_phoneme(std::string_view ipa, const std::string& language = {});
// Throws Fault(bad_input) for such a symbol; `whose` begins the message.
void require_phonemes(const std::string& ipa, const std::string& word, const std::string& language,
                      const std::string& whose = {});

}  // namespace lectern
