// Documents and markup on the whole path: submitted, dropped into folders, refused.
#include <gmock/gmock.h>

#include "tests/broker/publish/players.h"
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

// All that is spoken, in order.
std::string spoken_in(const nlohmann::json& sidecar) {
  std::string all;
  for (const auto& segment : sidecar["segments"]) all += segment["text"].get<std::string>() + "\n";
  return all;
}

// Chapters as a player tells them.
std::vector<std::string> chapters_in(const nlohmann::json& probed) {
  std::vector<std::string> titles;
  for (const auto& chapter : probed["chapters"]) titles.push_back(chapter["tags"]["title"]);
  return titles;
}

TEST(SubmitScripts, AHandbookOfCodeAndTablesIsNarratedWithNothingLost) {
  NEEDS_PROGRAM("ffprobe");
  Installation lectern;
  const auto script = lectern.script("handbook.md", WatchedFolder::text_of(TEST_DATA "/text/handbook.md"));
  const Ended ended = lectern.run({"submit", script, "--format", "opus", "--wait"});
  ASSERT_EQ(ended.exit, 0) << ended.err;
  const auto written = sidecar(lectern.work() / "handbook.json"), told = probe(lectern.work() / "handbook.opus");
  EXPECT_EQ(written["coverage"]["complete"], true) << written["coverage"];
  EXPECT_EQ(tag_of(told, "title"), "Relay Handbook");
  EXPECT_EQ(tag_of(told, "artist"), "The Relay Team");
  EXPECT_THAT(chapters_in(told), testing::ElementsAre("Relay Handbook", "Install", "Settings", "Questions"));
  EXPECT_NEAR(std::stod(told["format"]["duration"].get<std::string>()), written["seconds"], 0.1);
  const std::string spoken = spoken_in(written);
  for (const char* heard : {"Relay passes messages between the three halls", "see the terms first", "Doctor Ohm",
                            "third of March, twenty twenty-four", "forty-eight kilohertz", "log level, info",
                            "The word Vaasa is Finnish", "case-sensitive", "Yes: see the licence", "How fast is it?"})
    EXPECT_THAT(spoken, HasSubstr(heard));
  for (const char* unheard : {"apt-get", "cmake", "ready on port", "did you mean", "markdownlint", "MD013", "/terms/",
                              "img.example.org", "details", "]", "|", "**", "Relay Team"})
    EXPECT_THAT(spoken, testing::Not(HasSubstr(unheard)));
  for (const char* reason : {"front matter", "code block", "comment", "markup", "rule"})
    EXPECT_THAT(written["unspoken"].dump(), HasSubstr(reason));
  EXPECT_EQ(lectern.run({"verify", "1"}).exit, 0);
}

// A book as publishers make them: EPUB 3 with a cover, front matter, a table of contents for people, parts, notes.
std::string published_epub() {
  const auto page = [](const std::string& title, const std::string& body) {
    return "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE html>\n<html xmlns='http://www.w3.org/1999/xhtml' "
           "xmlns:epub='http://www.idpf.org/2007/ops' xml:lang='en'><head><title>" +
           title + "</title><link rel='stylesheet' href='../style.css'/></head><body>" + body + "</body></html>";
  };
  std::string items, spine;
  const char* names[] = {"cover", "title", "contents", "one", "two", "notes"};
  for (const std::string name : names) {
    items += "<item id='" + name + "' href='text/" + name + ".xhtml' media-type='application/xhtml+xml'/>";
    spine += "<itemref idref='" + name + "'" + (name == "cover" ? " linear='no'" : "") + "/>";
  }
  const std::string png = small_png();
  return text::zip(
      {{"mimetype", "application/epub+zip"},
       {"META-INF/container.xml",
        "<?xml version='1.0'?><container version='1.0' "
        "xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
        "<rootfile full-path='OEBPS/content.opf' media-type='application/oebps-package+xml'/></rootfiles></container>"},
       {"OEBPS/content.opf",
        "<?xml version='1.0'?><package xmlns='http://www.idpf.org/2007/opf' version='3.0' "
        "unique-identifier='id'><metadata "
        "xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:identifier id='id'>urn:uuid:1</dc:identifier><dc:title>The "
        "Lamp &amp; the Sea</dc:title><dc:creator>Ada "
        "Byrne</dc:creator><dc:language>en</dc:language></metadata><manifest>"
        "<item id='nav' href='nav.xhtml' media-type='application/xhtml+xml' properties='nav'/><item id='css' "
        "href='style.css' media-type='text/css'/><item id='picture' href='cover.png' media-type='image/png' "
        "properties='cover-image'/>" +
            items + "</manifest><spine>" + spine + "</spine></package>"},
       {"OEBPS/nav.xhtml",
        page("Contents",
             "<nav epub:type='toc'><ol><li><a href='text/one.xhtml'>I. The Lamp</a></li><li><a "
             "href='text/two.xhtml#start'>II. The Sea</a></li><li><a href='text/notes.xhtml'>Notes</a></li>"
             "</ol></nav>")},
       {"OEBPS/style.css", "p { text-indent: 1em }"},
       {"OEBPS/cover.png", png},
       {"OEBPS/text/cover.xhtml", page("Cover", "<img src='../cover.png' alt='A lamp over the sea'/>")},
       {"OEBPS/text/title.xhtml", page("Title", "<h1>The Lamp &amp; the Sea</h1><p>Ada Byrne</p>")},
       {"OEBPS/text/contents.xhtml",
        page("Contents",
             "<h2>Contents</h2><p><a href='one.xhtml'>I. The Lamp</a></p><p><a href='two.xhtml'>II. The "
             "Sea</a></p>")},
       {"OEBPS/text/one.xhtml",
        page("One",
             "<section epub:type='chapter'><h2>I.<br/>The Lamp</h2><p>It was lit at 6 p.m.<a epub:type='noteref' "
             "href='notes.xhtml#n1'>1</a> on <i>most</i> days.</p><p>Nobody knew by whom&#8212;or why.</p><pre><code>"
             "x = 1;</code></pre></section>")},
       {"OEBPS/text/two.xhtml",
        page("Two",
             "<section epub:type='chapter'><h2 id='start'>II.<br/>The Sea</h2><p>The sea did not care.</p><table>"
             "<tr><th>Tide</th><th>Hour</th></tr><tr><td>high</td><td>5</td></tr></table></section>")},
       {"OEBPS/text/notes.xhtml",
        page("Notes",
             "<section epub:type='endnotes'><h2>Notes</h2><aside epub:type='footnote' id='n1'><p>In winter it was "
             "5 p.m.</p></aside></section>")}});
}

TEST(SubmitScripts, APublishedBookKeepsItsTitleAuthorCoverAndChapters) {
  NEEDS_PROGRAM("ffprobe");
  Installation lectern;
  const auto script = lectern.script("book.epub", published_epub());
  const Ended ended = lectern.run({"submit", script, "--format", "mp3", "--skip", "contents,footnotes", "--wait"});
  ASSERT_EQ(ended.exit, 0) << ended.err;
  const auto written = sidecar(lectern.work() / "book.json"), told = probe(lectern.work() / "book.mp3");
  EXPECT_EQ(written["coverage"]["complete"], true) << written["coverage"];
  EXPECT_EQ(tag_of(told, "title"), "The Lamp & the Sea");
  EXPECT_EQ(tag_of(told, "artist"), "Ada Byrne");
  EXPECT_TRUE(has_picture(told));
  EXPECT_THAT(chapters_in(told), testing::ElementsAre("The Lamp & the Sea", "I. The Lamp", "II. The Sea"));
  const std::string spoken = spoken_in(written);
  for (const char* heard :
       {"It was lit at six p.m. on most days.", "or why.", "The sea did not care.", "Tide, Hour", "high, five"})
    EXPECT_THAT(spoken, HasSubstr(heard));
  for (const char* unheard : {"In winter", "equals", "lamp over the sea"})
    EXPECT_THAT(spoken, testing::Not(HasSubstr(unheard)));
  for (const char* reason : {"contents page", "footnote", "code block", "white space"})
    EXPECT_THAT(written["unspoken"].dump(), HasSubstr(reason));
  EXPECT_EQ(lectern.run({"verify", "1"}).exit, 0);
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
