#include "worker/kokoro/espeak.h"

#include <espeak-ng/speak_lib.h>

#include <mutex>

#include "config/fault.h"

namespace lectern::kokoro {

namespace {

constexpr char kMend[] = "install the package espeak-ng-data";

class Espeak {
 public:
  Espeak() {
    const int rate = espeak_Initialize(AUDIO_OUTPUT_RETRIEVAL, 0, nullptr, espeakINITIALIZE_DONT_EXIT);
    if (rate <= 0) throw Fault(Exit::not_found, "espeak-ng cannot start: its data are missing or damaged", kMend);
  }
  ~Espeak() { espeak_Terminate(); }

  std::string phonemes(const std::string& text, const std::string& language) {
    choose(language);
    constexpr int kIpaTied = espeakPHONEMES_IPA | espeakPHONEMES_TIE | ('^' << 8);
    std::string joined;
    // One clause a call; the pointer becomes null after the last.
    for (const void* rest = text.c_str(); rest != nullptr;) {
      const char* clause = espeak_TextToPhonemes(&rest, espeakCHARS_UTF8, kIpaTied);
      if (clause == nullptr || *clause == '\0') continue;
      if (!joined.empty()) joined += ' ';
      joined += clause;
    }
    return joined;
  }

 private:
  void choose(const std::string& language) {
    if (language == language_) return;
    espeak_VOICE wished{};
    wished.languages = language.c_str();
    if (espeak_SetVoiceByProperties(&wished) != EE_OK) {
      throw Fault(Exit::not_found, "espeak-ng has no voice for the language '" + language + "'", kMend);
    }
    language_ = language;
  }
  std::string language_;
};

// "(fr)" and the like: the text has no parentheses of its own.
std::string without_switches(const std::string& phonemes) {
  std::string kept;
  bool inside = false;
  for (const char c : phonemes) {
    if (c == '(') inside = true;
    if (!inside) kept += c;
    if (c == ')') inside = false;
  }
  return kept;
}

}  // namespace

std::string espeak_phonemes(const std::string& text, const std::string& language) {
  static std::mutex lock;
  const std::scoped_lock hold(lock);
  static Espeak espeak;  // a failed start is tried again at the next call
  return without_switches(espeak.phonemes(text, language));
}

nlohmann::json espeak_report() {
  int languages = 0;
  std::string fault;
  for (const char* language : {"en-us", "en-gb", "es", "fr", "hi", "it", "pt-br"}) {
    try {
      languages += !espeak_phonemes("a", language).empty();
    } catch (const Fault& e) {
      if (fault.empty()) fault = e.what();
    }
  }
  const char* data = nullptr;
  const char* version = espeak_Info(&data);
  return {{"version", version ? version : ""}, {"data", data ? data : ""}, {"languages", languages}, {"fault", fault}};
}

}  // namespace lectern::kokoro
