// libespeak-ng as a source of IPA phonemes. The library holds its state in globals: one lock serves all threads.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lectern::kokoro {

// The phonemes of a text without punctuation, UTF-8: IPA with stress marks, '^' between the letters of one phoneme, one
// space between words. `language`: en-us, en-gb, es, fr, hi, it, pt-br, as espeak-ng calls them. Marks of a switch of
// language are taken out. Throws Fault when espeak-ng's data or that language are missing.
std::string espeak_phonemes(const std::string& text, const std::string& language);

// For `lectern doctor`: {"version", "data": the folder, "languages": how many of the above speak, "fault": why not all;
// empty: all do}.
nlohmann::json espeak_report();

}  // namespace lectern::kokoro
