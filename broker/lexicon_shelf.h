// Which pronunciations a job gets: the user's own and those of a file that its script, folder or submit names. They are
// read when it is submitted and kept with the job, so that a change never alters work under way. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "broker/store/store.h"
#include "broker/take_key.h"
#include "config/lexicon.h"

namespace lectern {

class LexiconShelf {
 public:
  explicit LexiconShelf(std::filesystem::path own) : own_(std::move(own)) {}

  struct Chosen {
    std::string json;     // as a job keeps it; empty: no entries
    std::string warning;  // words of the script whose phonemes the model does not take; empty: none
  };
  // `file`: relative to the script's folder; empty: none. Throws Fault for a file that is missing or broken, and for
  // phonemes that the voice's language does not have.
  Chosen choose(const std::string& file, const NewJob& job, const SoundSettings& sound);

 private:
  Lexicon own();

  const std::filesystem::path own_;
  std::mutex mutex_;
  Lexicon entries_;   // of own_, as it was when it had
  std::string seen_;  // this size and time
};

}  // namespace lectern
