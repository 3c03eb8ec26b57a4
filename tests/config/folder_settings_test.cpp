// Watched folders, hooks and front matter as users write them, rightly and wrongly.
#include "config/folder_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fault.h"
#include "config/front_matter.h"
#include "config/settings.h"

namespace lectern {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& yaml) {
  try {
    parse_settings(yaml, "config.yaml");
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.exit(), Exit::bad_input);
    return std::string(fault.what()) + " | " + fault.hint();
  }
  return "";
}

TEST(FolderSettings, EachHasItsOwnAndItsProfilesSayWhatDiffers) {
  const Settings s = parse_settings(
      "folders:\n  - path: /one/\n    voice: anna\n    model: sine\n    speed: 1.5\n    stable_s: 5\n"
      "    profiles:\n      draft: {speed: 2, output: /drafts}\n  - path: /two\n    poll: true\n    extensions: "
      "[.tex]\n",
      "config.yaml");
  ASSERT_EQ(s.folders.size(), 2u);
  EXPECT_EQ(s.folders[0].path, "/one");
  EXPECT_EQ(s.folders[0].stable_s, 5);
  EXPECT_TRUE(s.folders[1].poll);
  EXPECT_EQ(s.folders[1].extensions, std::vector<std::string>{"tex"});
  const FolderSettings draft = profile_folder(s.folders[0], "draft");
  EXPECT_EQ(draft.path, "/one/draft");
  EXPECT_EQ(draft.narration.script.voice, "anna");
  EXPECT_EQ(draft.narration.script.speed, 2);
  EXPECT_EQ(draft.narration.output, "/drafts");
  EXPECT_EQ(draft.stable_s, 5);
}

TEST(FolderSettings, MistakesNameLineAndKey) {
  EXPECT_THAT(refusal("folders: /one\n"), HasSubstr("config.yaml:1: 'folders' must be a list"));
  EXPECT_THAT(refusal("folders:\n  - voice: a\n"), HasSubstr("key 'path' is missing"));
  EXPECT_THAT(refusal("folders:\n  - path: here\n"), HasSubstr("'path' is not an absolute path"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    voise: b\n"), HasSubstr("config.yaml:3: unknown key 'voise'"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    title: b\n"), HasSubstr("unknown key 'title'"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n  - path: /a\n"), HasSubstr("stands twice"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    profiles: {done: {}}\n"),
              HasSubstr("'profiles' cannot hold 'done'"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    profiles: {x: {sped: 1}}\n"), HasSubstr("did you mean 'speed'?"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    extensions: [json]\n"),
              HasSubstr("'json' is no extension of a script"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    speed: 3\n"), HasSubstr("'speed' is out of range"));
  EXPECT_THAT(refusal("folders:\n  - path: /a\n    profiles: {x: {window: night}}\n"),
              HasSubstr("config.yaml:2: there is no window 'night'"));
  EXPECT_THAT(refusal("hooks:\n  jobs: x\n"), HasSubstr("unknown key 'jobs' in 'hooks'"));
  EXPECT_THAT(refusal("hooks:\n  webhook: ftp://x\n"), HasSubstr("config.yaml:2: 'hooks.webhook' is no address"));
}

TEST(FrontMatter, SaysWhatAScriptGets) {
  const std::string text = "---\n# mine\ntitle: 'A: B'\nspeed: 1.5\npriority: -3\n---\r\nText.\n";
  const ScriptSettings s = read_front_matter(text, "a.txt");
  EXPECT_EQ(s.title, "A: B");
  EXPECT_EQ(s.speed, 1.5);
  EXPECT_EQ(s.priority, -3);
  EXPECT_EQ(text.substr(front_matter_bytes(text)), "Text.\n");
}

TEST(FrontMatter, OrdinaryTextIsNone) {
  for (const char* text :
       {"Text.\n---\na: b\n---\n", "---\n\nNote: a\n\n---\n", "---\nIt was night.\nHe said: no.\n---\n", "---\na: b\n",
        "----\na: b\n---\n", "---\n---\n", "", "---"})
    EXPECT_EQ(front_matter_bytes(text), 0u) << text;
}

TEST(FrontMatter, MistakesNameTheLineOfTheFile) {
  const auto refused = [](const std::string& text) {
    try {
      read_front_matter(text, "a.md");
    } catch (const Fault& fault) {
      return std::string(fault.what()) + " | " + fault.hint();
    }
    return std::string();
  };
  EXPECT_THAT(refused("---\ntitle: x\nvoise: y\n---\n"),
              HasSubstr("a.md:3: unknown key 'voise' | did you mean 'voice'?"));
  EXPECT_THAT(refused("---\nspeed: 9\n---\n"), HasSubstr("a.md:2: 'speed' is out of range"));
  EXPECT_THAT(refused("---\ntitle: [\n---\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(refused("---\nformat: wma\n---\n"), HasSubstr("a.md:2: 'format' cannot be 'wma'"));
  EXPECT_THAT(refused("---\ncast: anna\n---\n"), HasSubstr("a.md:2: "));
  EXPECT_THAT(refused("---\ncast:\n  Anna: ''\n---\n"), HasSubstr("a.md:3: a speaker or a voice is empty"));
}

TEST(FrontMatter, MayHoldACastWhichNearerPlacesAddTo) {
  ScriptSettings s = read_front_matter("---\ncast:\n  Anna: high\n  Old Ben: narrator\n---\nText.\n", "a.txt");
  EXPECT_EQ(s.cast, (std::map<std::string, std::string>{{"Anna", "high"}, {"Old Ben", "narrator"}}));
  ScriptSettings nearer;
  nearer.cast = {{"Anna", "low"}, {"Carl", "high"}};
  s.apply(nearer);
  EXPECT_EQ(s.cast, (std::map<std::string, std::string>{{"Anna", "low"}, {"Carl", "high"}, {"Old Ben", "narrator"}}));
  nearer.model = "another";
  nearer.cast.clear();
  s.apply(nearer);
  EXPECT_EQ(s.cast.size(), 3u) << "without a cast the speakers' names would be read aloud; voices are looked for later";
}

TEST(ScriptSettings, AnotherModelDoesNotInheritAVoice) {
  ScriptSettings weak, strong;
  weak.model = "one";
  weak.voice = "anna";
  strong.model = "two";
  weak.apply(strong);
  EXPECT_EQ(weak.voice, "");
  strong.voice = "bert";
  weak.apply(strong);
  EXPECT_EQ(weak.voice, "bert");
}

}  // namespace
}  // namespace lectern
