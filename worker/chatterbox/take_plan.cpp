#include "worker/chatterbox/take_plan.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace lectern::chatterbox {

namespace {

constexpr std::size_t kShortestHalf = 12;  // bytes: a model babbles on less

// Every draw of a segment has random numbers of its own; the first has the segment's.
std::uint64_t seed_of(std::uint64_t seed, Part part, int attempt) {
  if (part == Part::whole && attempt == 0) return seed;
  const auto place = static_cast<std::uint64_t>(part) * 64 + static_cast<std::uint64_t>(attempt);
  return (seed + place * 0x9E3779B97F4A7C15u) >> 1;  // whoever reads the sidecar may have signed numbers only
}

const char* name_of(Part part) {
  constexpr const char* names[] = {"whole", "first half", "second half"};
  return names[static_cast<int>(part)];
}

// How well a text can be cut at a space: 0 in a word group, 1 behind a clause, 2 behind a sentence.
int pause_before(std::string_view text, std::size_t space) {
  while (space > 0 && std::string_view("\"')]").find(text[space - 1]) != std::string_view::npos) --space;
  if (space == 0) return 0;
  if (std::string_view(".!?").find(text[space - 1]) != std::string_view::npos) return 2;
  return std::string_view(",;:-").find(text[space - 1]) != std::string_view::npos ||
                 text.substr(0, space).ends_with("—") || text.substr(0, space).ends_with("…")
             ? 1
             : 0;
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

std::vector<std::string> halves_of(const std::string& text) {
  std::size_t cut = 0;
  double best = -1;
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') ++open;
    if (text[i] == ']') --open;
    if (text[i] != ' ' || open > 0 || i < kShortestHalf || text.size() - i - 1 < kShortestHalf) continue;
    const double middle = std::abs(2.0 * static_cast<double>(i) / static_cast<double>(text.size()) - 1);
    // A sentence's end anywhere but near the ends is better than a clause's in the middle, and so on.
    const double worth = pause_before(text, i) - 1.2 * middle;
    if (cut == 0 || worth > best) cut = i, best = worth;
  }
  if (cut == 0) return {};
  return {text.substr(0, cut), text.substr(cut + 1)};
}

TakePlan::TakePlan(std::string text, std::uint64_t seed, int tries) : seed_(seed), tries_(std::max(1, tries)) {
  ways_.push_back({.part = Part::whole, .text = std::move(text), .drawn = {}});
}

Draw TakePlan::next_of(const Way& way) const {
  const int attempt = static_cast<int>(way.drawn.size());
  return {way.part, attempt, way.text, seed_of(seed_, way.part, attempt)};
}

std::vector<Draw> TakePlan::begin() const { return {next_of(ways_.front())}; }

std::vector<Draw> TakePlan::judged(Drawn drawn) {
  Way& way = ways_.at(static_cast<std::size_t>(drawn.draw.part));
  way.accepted = all_passed(drawn.verdicts);
  way.drawn.push_back(std::move(drawn));
  const std::size_t latest = way.drawn.size() - 1;
  if (badness(way.drawn[latest].verdicts) < badness(way.drawn[way.best].verdicts)) way.best = latest;
  way.ended = way.accepted || static_cast<int>(way.drawn.size()) >= tries_;
  if (!way.ended) return {next_of(way)};
  if (way.part == Part::whole) {
    if (!way.accepted) return split();
    decided_ = true;
  } else if (ways_[1].ended && ways_[2].ended) {
    decided_ = true;
    halves_kept_ = std::max(badness_of(ways_[1]), badness_of(ways_[2])) < badness_of(ways_[0]);
  }
  return {};
}

std::vector<Draw> TakePlan::split() {
  const auto halves = halves_of(ways_.front().text);
  if (halves.empty()) {
    decided_ = true;
    return {};
  }
  ways_.push_back({.part = Part::first_half, .text = halves[0], .drawn = {}});
  ways_.push_back({.part = Part::second_half, .text = halves[1], .drawn = {}});
  return {next_of(ways_[1]), next_of(ways_[2])};
}

double TakePlan::badness_of(const Way& way) const { return badness(way.drawn[way.best].verdicts); }

std::vector<std::size_t> TakePlan::kept_ways() const {
  return halves_kept_ ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{0};
}

std::vector<Drawn*> TakePlan::kept() {
  std::vector<Drawn*> kept;
  for (const std::size_t way : kept_ways()) kept.push_back(&ways_[way].drawn[ways_[way].best]);
  return kept;
}

nlohmann::json TakePlan::notes() const {
  const auto kept = kept_ways();
  nlohmann::json tries = nlohmann::json::array(), flagged = nlohmann::json::array();
  for (std::size_t w = 0; w < ways_.size(); ++w) {
    const bool way_kept = std::find(kept.begin(), kept.end(), w) != kept.end();
    for (std::size_t i = 0; i < ways_[w].drawn.size(); ++i) {
      const Drawn& drawn = ways_[w].drawn[i];
      const bool is_kept = decided_ && way_kept && i == ways_[w].best;
      nlohmann::json verdicts = nlohmann::json::object();
      for (const Verdict& verdict : drawn.verdicts) {
        verdicts[verdict.guard] = {
            {"value", rounded(verdict.value)}, {"limit", rounded(verdict.limit)}, {"passed", verdict.passed}};
        const bool new_flag = std::find(flagged.begin(), flagged.end(), verdict.guard) == flagged.end();
        if (is_kept && !verdict.passed && new_flag) flagged.push_back(verdict.guard);
      }
      tries.push_back({{"part", name_of(drawn.draw.part)},
                       {"try", drawn.draw.attempt + 1},
                       {"seed", drawn.draw.seed},
                       {"tokens", drawn.tokens.size()},
                       {"kept", is_kept},
                       {"verdicts", std::move(verdicts)}});
    }
  }
  nlohmann::json notes = {{"tries", std::move(tries)}};
  if (!flagged.empty()) notes["flagged"] = std::move(flagged);
  if (halves_kept_) notes["split"] = true;
  return notes;
}

}  // namespace lectern::chatterbox
