#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kTags = {"[laugh]", "[clear throat]", "[sigh]", "[groan]"};

Segmentation with(const std::string& script, std::size_t limit = 300, Format format = Format::plain) {
  SegmenterOptions options{.format = format, .max_segment_chars = limit, .tags = kTags};
  const Segmentation result = segment_script(script, options);
  expect_sound(script, result, limit);
  return result;
}

Segmentation without(const std::string& script, Format format = Format::plain) {
  SegmenterOptions options{.format = format, .silent_tags = kTags};
  const Segmentation result = segment_script(script, options);
  expect_sound(script, result, options.max_segment_chars);
  return result;
}

TEST(Tags, ReachAModelThatSpeaksThemAsTheyAre) {
  struct Case {
    const char *script, *spoken;
  };
  const Case cases[] = {
      {"Oh, that is hilarious! [laugh] We have 3 of them.", "Oh, that is hilarious!|[laugh] We have three of them."},
      {"He wanted to [clear throat] speak for 2 hours.", "He wanted to [clear throat] speak for two hours."},
      {"Well [Sigh], okay then, said the keeper.", "Well [sigh], okay then, said the keeper."},
      {"It was the end of it all [sigh][groan]", "It was the end of it all [sigh][groan]."},
      {"Hi[laugh]there, how are you today?", "Hi[laugh]there, how are you today?"},
      {"He came home. [sigh] Nobody was there.", "He came home. [sigh] Nobody was there."},
      {"The note [sic] and the rest stay as they were.", "The note (sic) and the rest stay as they were."},
  };
  for (const Case& c : cases) {
    std::string joined;
    for (const std::string& line : spoken(with(c.script))) joined += (joined.empty() ? "" : "|") + line;
    EXPECT_EQ(joined, c.spoken) << c.script;
  }
}

TEST(Tags, BelongToTheRangeOfTheirSegment) {
  const auto result = with("It was the end of it all [sigh]\n\n[clear throat] And then it went on as before.");
  ASSERT_EQ(result.segments.size(), 2u);
  EXPECT_EQ(result.segments[0].end, 31u);
  EXPECT_EQ(result.segments[1].begin, 33u);
  EXPECT_THAT(reasons(result), IsEmpty());
}

TEST(Tags, AloneInAParagraphAreSpoken) {
  EXPECT_THAT(spoken(with("It was over.\n\n[sigh]\n\nThen they left.")),
              ElementsAre("It was over.", "[sigh].", "Then they left."));
}

TEST(Tags, AreNeverCutNorCountedTooShort) {
  std::string script;
  for (int i = 0; i < 40; ++i) script += "and [clear throat] then ";
  for (const auto& segment : with(script, 60).segments) {
    EXPECT_EQ(std::count(segment.spoken.begin(), segment.spoken.end(), '['),
              std::count(segment.spoken.begin(), segment.spoken.end(), ']'))
        << segment.spoken;
  }
}

TEST(Tags, OfOtherModelsAreLeftOutAndSaidToBe) {
  const auto inside = without("Well [sigh], okay then. That is [laugh] funny [groan].");
  EXPECT_THAT(spoken(inside), ElementsAre("Well, okay then. That is funny."));
  const auto alone = without("It was over.\n\n[sigh] [laugh]\n\nThen they left.");
  EXPECT_THAT(spoken(alone), ElementsAre("It was over.", "Then they left."));
  EXPECT_THAT(reasons(alone), testing::Each("a sound that this model does not make"));
  EXPECT_EQ(reasons(alone).size(), 2u);
  EXPECT_THAT(spoken(without("**Well** [sigh], okay [then](x.html).", Format::markdown)),
              ElementsAre("Well, okay then."));
}

TEST(Tags, OfOtherModelsAreListedInsideASegment) {
  const std::string script = "Well [sigh], okay then. That is [laugh] funny [groan].";
  const auto listed = [&](const Segmentation& cut) {
    std::vector<std::string> stretches;
    for (const Unspoken& s : cut.within) stretches.push_back(script.substr(s.begin, s.end - s.begin) + ": " + s.reason);
    return stretches;
  };
  const std::string reason = ": a sound that this model does not make";
  EXPECT_THAT(listed(without(script)), ElementsAre("[sigh]" + reason, "[laugh]" + reason, "[groan]" + reason));
  EXPECT_EQ(left_out(without(script))[reason.substr(2)], 20u);
  EXPECT_THAT(listed(with(script)), testing::IsEmpty());
}

TEST(Tags, AScriptOfNothingElseIsRefusedWhereTheyAreSilent) {
  EXPECT_THROW(without("[sigh] [laugh]"), Fault);
  EXPECT_EQ(with("[sigh]").segments.size(), 1u);
}

TEST(Tags, HieroglyphsAreNotTakenForThem) {
  EXPECT_THAT(spoken(with("He drew 𓀀𓀁 and left [sigh] again.")), testing::SizeIs(1));
  EXPECT_EQ(spoken(with("He drew 𓀀𓀁 and left [sigh] again."))[0].find("[laugh]"), std::string::npos);
}

}  // namespace
}  // namespace lectern::text
