// Documents and markup on the whole path: submitted, dropped into folders, refused.
#include <gmock/gmock.h>

#include "tests/broker/text/zip_maker.h"
#include "tests/faults/watched_folder.h"

namespace lectern {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::string epub() {
  const std::string item = "' media-type='application/xhtml+xml'";
  return text::zip(
      {{"mimetype", "application/epub+zip"},
       {"META-INF/container.xml", "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"},
       {"b.opf",
        "<package><metadata><title>The Deep Pool</title><creator>Anna B.</creator></metadata><manifest><item id='n' "
        "href='n.xhtml" +
            item + " properties='nav'/><item id='a' href='a.xhtml" + item +
            "/></manifest><spine><itemref idref='n'/><itemref idref='a'/></spine></package>"},
       {"n.xhtml",
        "<html><body><nav type='toc' role='doc-toc'><ol><li><a href='a.xhtml'>The "
        "Pool</a></li></ol></nav></body></html>"},
       {"a.xhtml", "<html><body><h1>The Pool</h1><p>It was deep, and nobody had seen the ground.</p></body></html>"}});
}

nlohmann::json sidecar(const fs::path& file) {
  return nlohmann::json::parse(WatchedFolder::text_of(file), nullptr, false);
}

TEST(SubmitScripts, MistakesInMarkupAreNamedBeforeAnythingIsSubmitted) {
  Installation lectern;
  const auto script = lectern.script("a.txt", "Line one.\nLine [pause: soon] two.\n");
  const Ended ended = lectern.run({"submit", script});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_THAT(ended.err, HasSubstr("a.txt, line 2, column 6: '[pause: soon]' names no duration"));
  EXPECT_THAT(ended.err, HasSubstr("hint: write [pause: 1.5s]"));
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(SubmitScripts, ABookIsCalledByItsTitleAndSaysWhatIsLeftOut) {
  Installation lectern;
  const auto script = lectern.script("book.epub", epub());
  const Ended dry = lectern.run({"submit", script, "--dry-run"});
  EXPECT_EQ(dry.exit, 0) << dry.err;
  EXPECT_THAT(dry.err, HasSubstr("--skip contents would leave these parts out"));
  const Ended ended = lectern.run({"submit", script, "--skip", "contents", "--wait"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("The Deep Pool"));
  EXPECT_THAT(ended.err, HasSubstr("not spoken: contents page (11 characters)"));
  const auto written = sidecar(lectern.work() / "book.json");
  EXPECT_EQ(written["segments"][0]["text"], "The Pool.");
  EXPECT_THAT(written["unspoken"].dump(), HasSubstr("contents page"));
}

TEST(SubmitScripts, StandardInputMayBeOfAnyFormat) {
  Installation lectern;
  const Ended ended =
      lectern.run({"submit", "-", "--name", "x", "--text-format", "html", "--wait"}, "<p>It was <b>late</b>.</p>");
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(sidecar(lectern.work() / "x.json")["segments"][0]["text"], "It was late.");
  EXPECT_EQ(lectern.run({"submit", "-", "--name", "x", "--text-format", "pdf"}, "x").exit, 2);
}

TEST(SubmitScripts, AFolderMayHoldDocumentsButNoSubtitles) {
  Installation lectern;
  for (const char* name : {"in/a.epub", "in/b.html", "in/c.srt", "in/d.pdf", "in/e.SSML"})
    lectern.script(name, std::string(name).ends_with("epub") ? epub() : "<speak>It was late.</speak>");
  const Ended ended = lectern.run({"submit", (lectern.work() / "in").string(), "--dry-run", "--json"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(ended.out, nullptr, false)["estimates"].size(), 3u) << ended.out;
}

TEST(SubmitScripts, PausesAndSpeedsOfTheScriptAreHeard) {
  Installation lectern;
  const auto script = lectern.script("a.txt",
                                     "It was late that day. [pause: 2s] It was late that day.\n\n[speed: 0.5] It was "
                                     "late that day. [skip]Not this.[/skip]\n");
  const Ended ended = lectern.run({"submit", script, "--wait"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  const auto segments = sidecar(lectern.work() / "a.json")["segments"];
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[0]["pause_s"], 2);
  EXPECT_EQ(segments[0]["take"], segments[1]["take"]) << "the same words at the same speed are one take";
  EXPECT_NE(segments[0]["take"], segments[2]["take"]);
  EXPECT_GT(segments[2]["duration_s"].get<double>(), 1.5 * segments[0]["duration_s"].get<double>());
}

TEST(SubmitScripts, ASpeedThatCannotBeSpokenIsSaidAtTheSubmit) {
  Installation lectern;
  const Ended ended =
      lectern.run({"submit", lectern.script("a.txt", "It was late. [speed: 2] It was dark.\n"), "--speed", "1.5"});
  EXPECT_EQ(ended.exit, 5);
  EXPECT_THAT(ended.err, HasSubstr("its speed 2 times the job's 1.5 is 3 at 'It was dark.'"));
}

TEST(SubmitScripts, WhatCannotBeReadNamesTheReasonAndTheMend) {
  Installation lectern;
  const auto refused = [&](const std::string& name, const std::string& bytes) {
    const Ended ended = lectern.run({"submit", lectern.script(name, bytes)});
    EXPECT_EQ(ended.exit, 5) << name;
    return ended.err;
  };
  EXPECT_THAT(refused("a.pdf", "%PDF-1.7\n"), HasSubstr("pdftotext"));
  EXPECT_THAT(refused("a.rtf", "{\\rtf1 x}"), HasSubstr("libreoffice"));
  EXPECT_THAT(
      refused("a.odt", text::zip({{"mimetype", "application/vnd.oasis.opendocument.text"}}, "zip:compression=store")),
      HasSubstr("libreoffice"));
  EXPECT_THAT(refused("a.mobi", std::string(60, '\0') + "BOOKMOBI" + std::string(20, '\0')),
              HasSubstr("ebook-convert"));
  EXPECT_THAT(refused("a.epub", "no book"), HasSubstr("a.epub: it is no such document"));
  EXPECT_THAT(refused("b.epub", text::zip({{"META-INF/rights.xml", "<r/>"}})), HasSubstr("DRM"));
  EXPECT_TRUE(lectern.status()["jobs"].empty());
}

TEST(SubmitScripts, DroppedBooksAreNarratedAndBrokenOnesSayWhy) {
  WatchedFolder folder("    skip: contents\n");
  folder.write("good.epub", epub());
  folder.write("bad.epub", epub().substr(0, 300));
  folder.start();
  EXPECT_TRUE(folder.comes("done/good.epub"));
  EXPECT_EQ(folder.sidecar("done/good.json")["segments"][0]["text"], "The Pool.");
  EXPECT_EQ(folder.sidecar("done/good.json")["facts"]["title"], "The Deep Pool");
  EXPECT_TRUE(folder.comes("failed/bad.epub"));
  EXPECT_THAT(folder.content("failed/bad.epub.error.txt") + folder.content("failed/bad.error.txt"),
              HasSubstr("damaged or cut short"));
}

}  // namespace
}  // namespace lectern
