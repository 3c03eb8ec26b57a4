// One segment on its way to a take: what to draw, with which seed, and what of it to keep. Pure; one thread.
//
//   the whole text -> drawn, judged -> kept when every guard passes
//                     else drawn again with a derived seed, `tries` times in all
//                     else cut in two where the text pauses; each half is drawn in the same way
//                     else the better of both ways is kept and flagged
//
// Everything follows from text, seed and verdicts alone, so that a take does not depend on what is spoken beside it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "worker/chatterbox/guards.h"

namespace lectern::chatterbox {

inline constexpr int kTries = 3;

enum class Part { whole, first_half, second_half };

// What is to be drawn.
struct Draw {
  Part part = Part::whole;
  int attempt = 0;
  std::string text;
  std::uint64_t seed = 0;
};

// What came of it.
struct Drawn {
  Draw draw;
  std::vector<std::int64_t> tokens;
  std::vector<float> samples;  // empty: not vocoded, since the tokens failed
  std::vector<Verdict> verdicts;
};

// Where a text is cut in two: behind the sentence, else the clause, else the word nearest to its middle, never inside
// brackets. Empty when both halves would not be longer than a few words.
std::vector<std::string> halves_of(const std::string& text);

class TakePlan {
 public:
  TakePlan(std::string text, std::uint64_t seed, int tries = kTries);

  std::vector<Draw> begin() const;
  // Takes in a result -> what is to be drawn next; nothing while other draws are out, or when it is decided.
  std::vector<Draw> judged(Drawn drawn);
  bool decided() const { return decided_; }
  // Once decided: the draws that make the take, in order. Some may still lack their samples.
  std::vector<Drawn*> kept();
  // tries: [{part, try, seed, tokens, kept, verdicts: {guard: {value, limit, passed}}}]; flagged: the guards that
  // what is kept failed; split: true when it was spoken in two halves.
  nlohmann::json notes() const;

 private:
  struct Way {  // one part
    Part part = Part::whole;
    std::string text;
    std::vector<Drawn> drawn;
    std::size_t best = 0;
    bool accepted = false, ended = false;
  };
  Draw next_of(const Way& way) const;
  double badness_of(const Way& way) const;
  std::vector<std::size_t> kept_ways() const;
  std::vector<Draw> split();

  std::uint64_t seed_;
  int tries_;
  std::vector<Way> ways_;  // the whole, then perhaps two halves
  bool decided_ = false, halves_kept_ = false;
};

}  // namespace lectern::chatterbox
