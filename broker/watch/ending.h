// The end of a drop: its script goes from the claim to done/, or to failed/ with a note. Every step can be done again
// after a crash at any point. Off the loop.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "broker/watch/error_note.h"

namespace lectern::watch {

struct Ending {
  std::filesystem::path folder;
  std::string claim, name;
  std::optional<Failure> failure;  // none: it is done
  std::string title;               // done: the audio's name without extension, so that both are called alike
  bool was_away = false;           // the folder was not there at an earlier try
};

struct Ended {
  enum class Result {
    moved,
    away,   // the folder is not there
    back,   // it is there again, and what failed may have failed for that: nothing was moved
    stuck,  // try again later
  } result = Result::moved;
  std::filesystem::path script;  // where it lies now; empty when it had been moved before
  std::string problem;           // stuck: why
};

Ended end_drop(const Ending& ending);

}  // namespace lectern::watch
