// Which parts of scripts are not read, and which formats scripts have.
#include "config/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "config/fault.h"
#include "config/script_format.h"
#include "config/script_settings.h"

namespace lectern {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const ReadingSettings kBoth{{ScriptPart::contents, ScriptPart::footnotes}};

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Fault& fault) {
    return describe(fault);
  }
  return "nothing was refused";
}

TEST(Reading, UnknownPartsAreNamed) {
  EXPECT_THAT(refusal([] { parse_reading("contents,notes", "--skip"); }),
              HasSubstr("--skip: there is no part 'notes'"));
  EXPECT_THAT(refusal([] { parse_reading("none,contents", "--skip"); }), HasSubstr("there is no part 'none'"));
  EXPECT_THAT(refusal([] { parse_reading("", "--skip"); }), HasSubstr("there is no part ''"));
  EXPECT_THAT(refusal([] { parse_script_settings("\nskip: [contents, none]\n", "a.yaml"); }), HasSubstr("a.yaml:2"));
  EXPECT_THAT(refusal([] { parse_reading_json({{"skip", {"body"}}}); }), HasSubstr("field 'reading'"));
  EXPECT_THAT(refusal([] { parse_reading_json({{"leap", 1}}); }), HasSubstr("field 'reading'"));
}

TEST(Reading, IsTheSameInWordsYamlAndJson) {
  EXPECT_EQ(parse_reading("footnotes, contents", "--skip"), kBoth);
  EXPECT_EQ(parse_reading("none", "--skip"), ReadingSettings{});
  EXPECT_EQ(words_of(kBoth), "contents,footnotes");
  EXPECT_EQ(words_of({}), "none");
  EXPECT_EQ(parse_reading_json(to_json(kBoth)), kBoth);
  EXPECT_EQ(parse_script_settings("skip: [footnotes, contents]", "a.yaml").skip, kBoth);
  EXPECT_EQ(parse_script_settings("skip: none", "a.yaml").skip, ReadingSettings{});
}

TEST(Reading, WhatStandsNearerToTheScriptTakesThePlaceOfWhatIsFurther) {
  ScriptSettings far, near;
  far.skip = kBoth;
  far.apply(near);
  EXPECT_EQ(far.skip, kBoth);
  near.skip = ReadingSettings{};
  far.apply(near);
  EXPECT_EQ(far.skip, ReadingSettings{});
}

TEST(ScriptFormat, IsKnownByTheExtensionInAnyCase) {
  EXPECT_EQ(script_format_of("a/Book.EPUB"), "epub");
  EXPECT_EQ(script_format_of("b.htm"), "html");
  EXPECT_EQ(script_format_of("c"), "plain");
  EXPECT_EQ(script_format_of("c.log"), "plain");
  EXPECT_TRUE(is_script_name("x.docx"));
  EXPECT_FALSE(is_script_name("x.srt")) << "Lectern writes such files itself";
  EXPECT_THAT(script_extensions(), Contains("ssml"));
  EXPECT_THAT(script_extensions(), Not(Contains("srt")));
}

}  // namespace
}  // namespace lectern
