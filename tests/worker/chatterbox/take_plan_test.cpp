#include "worker/chatterbox/take_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace lectern::chatterbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kText = "The door was open. Nobody had been there for years.";

Drawn drawn(const Draw& draw, double worst, const char* guard = "too_long") {
  return {.draw = draw,
          .tokens = std::vector<std::int64_t>(static_cast<std::size_t>(10 + draw.attempt)),
          .samples = {},
          .verdicts = {{guard, worst, 0, worst == 0}}};
}

// Plays a plan through: `worst` says how far beyond its limit each draw is, 0 for one that passes.
template <typename Worst>
std::vector<Draw> play(TakePlan& plan, Worst&& worst) {
  std::vector<Draw> all;
  std::vector<Draw> open = plan.begin();
  while (!open.empty()) {
    const Draw draw = open.front();
    open.erase(open.begin());
    all.push_back(draw);
    for (Draw& next : plan.judged(drawn(draw, worst(draw)))) open.push_back(std::move(next));
  }
  EXPECT_TRUE(plan.decided());
  return all;
}

TEST(TakePlan, KeepsTheFirstDrawThatPasses) {
  TakePlan plan(kText, 5);
  const auto draws = play(plan, [](const Draw&) { return 0.0; });
  ASSERT_EQ(draws.size(), 1u);
  EXPECT_EQ(draws[0].seed, 5u);
  EXPECT_EQ(draws[0].text, kText);
  EXPECT_EQ(plan.kept().size(), 1u);
  EXPECT_FALSE(plan.notes().contains("flagged"));
  EXPECT_TRUE(plan.notes().at("tries")[0].at("kept"));
}

TEST(TakePlan, DrawsAgainWithAnotherSeed) {
  TakePlan plan(kText, 5);
  const auto draws = play(plan, [](const Draw& draw) { return draw.attempt < 2 ? 1.0 : 0.0; });
  ASSERT_EQ(draws.size(), 3u);
  EXPECT_NE(draws[1].seed, draws[2].seed);
  EXPECT_EQ(plan.kept()[0]->draw.attempt, 2);
  const auto notes = plan.notes();
  EXPECT_FALSE(notes.contains("flagged"));
  EXPECT_EQ(notes.at("tries").size(), 3u);
  EXPECT_FALSE(notes.at("tries")[0].at("verdicts").at("too_long").at("passed"));
}

TEST(TakePlan, SpeaksHalvesWhenTheWholeKeepsFailing) {
  TakePlan plan(kText, 5);
  const auto draws = play(plan, [](const Draw& draw) { return draw.part == Part::whole ? 1.0 : 0.0; });
  ASSERT_EQ(draws.size(), 5u);
  EXPECT_EQ(draws[3].text, "The door was open.");
  EXPECT_EQ(draws[4].text, "Nobody had been there for years.");
  std::set<std::uint64_t> seeds;
  for (const Draw& draw : draws) seeds.insert(draw.seed);
  EXPECT_EQ(seeds.size(), 5u);
  EXPECT_THAT(plan.kept(), testing::SizeIs(2));
  EXPECT_EQ(plan.kept()[1]->draw.part, Part::second_half);
  EXPECT_TRUE(plan.notes().at("split"));
  EXPECT_FALSE(plan.notes().contains("flagged"));
}

TEST(TakePlan, KeepsTheBestOfAllAndFlagsIt) {
  TakePlan whole(kText, 5);
  EXPECT_EQ(
      play(whole, [](const Draw& draw) { return draw.part == Part::whole && draw.attempt == 1 ? 0.2 : 0.9; }).size(),
      9u);
  EXPECT_EQ(whole.kept()[0]->draw.attempt, 1);
  EXPECT_THAT(whole.notes().at("flagged"), ElementsAre("too_long"));
  EXPECT_FALSE(whole.notes().contains("split"));

  TakePlan halves(kText, 5);
  play(halves, [](const Draw& draw) { return draw.part == Part::whole ? 0.9 : 0.1 * (draw.attempt + 1); });
  EXPECT_EQ(halves.kept()[0]->draw.attempt, 0);
  EXPECT_TRUE(halves.notes().at("split"));
  EXPECT_THAT(halves.notes().at("flagged"), ElementsAre("too_long"));
}

TEST(TakePlan, OneBadHalfDoesNotHideBehindAGoodOne) {
  TakePlan plan(kText, 5);
  play(plan, [](const Draw& draw) {
    if (draw.part == Part::whole) return 0.5;
    return draw.part == Part::first_half ? 0.0 : 0.8;
  });
  EXPECT_EQ(plan.kept().size(), 1u);
}

TEST(TakePlan, DoesNotSplitWhatIsTooShort) {
  TakePlan plan("Not so fast, he said.", 5, 2);
  EXPECT_EQ(play(plan, [](const Draw&) { return 1.0; }).size(), 2u);
  EXPECT_THAT(plan.notes().at("flagged"), ElementsAre("too_long"));
}

TEST(Halves, FallBehindASentenceElseAClauseElseAWord) {
  struct Case {
    const char *text, *first;
  };
  const Case cases[] = {
      {"He went home early. She stayed, as she always did, until the lights went out.", "He went home early."},
      {"When the rain began to fall, the whole party ran back to the house", "When the rain began to fall,"},
      {"The quick brown fox jumps over the lazy dog again", "The quick brown fox jumps"},
      {"\"Was it really you?\" \"It was not me, it was my brother.\"", "\"Was it really you?\""},
      {"He stopped for a while to [clear throat] before he spoke", "He stopped for a while to"},
      {"short one, yes", ""},
      {"Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", ""},
      {"", ""},
  };
  for (const Case& c : cases) {
    const auto halves = halves_of(c.text);
    EXPECT_EQ(halves.empty() ? "" : halves[0], c.first) << c.text;
    if (!halves.empty()) {
      EXPECT_EQ(halves[0] + " " + halves[1], c.text);
    }
  }
}

}  // namespace
}  // namespace lectern::chatterbox
