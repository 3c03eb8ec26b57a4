// EPUB books: what is read of them, and what is refused.
#include "broker/text/documents.h"

#include "tests/broker/text/document_words.h"

#include <algorithm>

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kContainer =
    "<?xml version='1.0'?><container xmlns='urn:oasis:names:tc:opendocument:xmlns:container' version='1.0'><rootfiles>"
    "<rootfile full-path='OEBPS/book.opf' media-type='application/oebps-package+xml'/></rootfiles></container>";

std::string page(const std::string& body) {
  return "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml' "
         "xmlns:epub='http://www.idpf.org/2007/ops'><head><title/></head><body>" +
         body + "</body></html>";
}

std::string package(const std::string& manifest, const std::string& spine) {
  return "<package xmlns='http://www.idpf.org/2007/opf' version='3.0'><metadata "
         "xmlns:dc='http://purl.org/dc/elements/1.1/'>"
         "<dc:title>The Pool &amp; the Door</dc:title><dc:creator>Anna B.</dc:creator></metadata><manifest>" +
         manifest + "</manifest><spine toc='ncx'>" + spine + "</spine></package>";
}

constexpr const char* kManifest =
    "<item id='nav' href='nav.xhtml' media-type='application/xhtml+xml' properties='nav'/>"
    "<item id='c2' href='text/two%20b.xhtml' media-type='application/xhtml+xml'/>"
    "<item id='c1' href='text/one.xhtml' media-type='application/xhtml+xml'/>"
    "<item id='n' href='notes.xhtml' media-type='application/xhtml+xml'/>"
    "<item id='cov' href='cover.jpg' media-type='image/jpeg' properties='cover-image'/>";

Files book() {
  return {{"mimetype", "application/epub+zip"},
          {"META-INF/container.xml", kContainer},
          {"OEBPS/book.opf",
           package(kManifest,
                   "<itemref idref='nav'/><itemref idref='c1'/><itemref idref='n' linear='no'/><itemref idref='c2'/>")},
          {"OEBPS/nav.xhtml", page("<nav epub:type='toc'><h2>Contents</h2><ol><li><a href='text/one.xhtml'>The "
                                   "Pool</a><ol><li><a href='text/one.xhtml#deep'>Deep inside</a></li></ol></li>"
                                   "<li><a href='text/two%20b.xhtml#door'>The Door</a></li></ol></nav>")},
          {"OEBPS/text/two b.xhtml", page("<p>Before the door.</p><h2 id='door'>II</h2><p>The door was shut.</p>")},
          {"OEBPS/text/one.xhtml", page("<h2>I</h2><p>The pool was deep<a epub:type='noteref' "
                                        "href='../notes.xhtml#1'>1</a>.</p><p id='deep'>Very deep it was.</p>")},
          {"OEBPS/notes.xhtml", page("<p>How deep nobody knows.</p>")},
          {"OEBPS/cover.jpg", std::string("\xff\xd8\xff\xe0 picture")}};
}

Files with(Files files, const std::string& name, const std::string& content) {
  std::erase_if(files, [&](const auto& file) { return file.first == name; });
  files.emplace_back(name, content);
  return files;
}

Files without(Files files, const std::string& name) {
  std::erase_if(files, [&](const auto& file) { return file.first == name; });
  return files;
}

std::string refused(const Files& files) { return refusal_of(zip(files), Format::epub); }

TEST(Epub, IsReadInTheOrderOfItsSpine) {
  const auto cut = cut_file(zip(book()), Format::epub);
  EXPECT_THAT(spoken(cut),
              ElementsAre("Contents.", "one. The Pool.", "one. Deep inside.", "two. The Door.", "one.",
                          "The pool was deep.", "Very deep it was.", "Before the door.", "two.", "The door was shut."));
  EXPECT_EQ(cut.title, "The Pool & the Door");
  EXPECT_EQ(cut.author, "Anna B.");
}

TEST(Epub, ChaptersComeFromItsNavigation) {
  const auto cut = cut_file(zip(book()), Format::epub);
  EXPECT_THAT(chapters_of(cut), ElementsAre("4 The Pool", "8 The Door"));
  EXPECT_EQ(cut.segments[7].after, Break::chapter);
}

TEST(Epub, ChaptersComeFromTheNcxOfAnOlderBook) {
  auto files = without(book(), "OEBPS/nav.xhtml");
  files = with(files, "OEBPS/book.opf",
               package("<item id='ncx' href='toc.ncx' media-type='application/x-dtbncx+xml'/><item id='c2' "
                       "href='text/two%20b.xhtml' media-type='application/xhtml+xml'/><item id='c1' "
                       "href='text/one.xhtml' media-type='application/xhtml+xml'/>",
                       "<itemref idref='c1'/><itemref idref='c2'/>"));
  files =
      with(files, "OEBPS/toc.ncx",
           "<ncx><navMap><navPoint><navLabel><text>First</text></navLabel><content src='text/one.xhtml'/></navPoint>"
           "<navPoint><navLabel><text>Second</text></navLabel><content "
           "src='text/two%20b.xhtml'/></navPoint></navMap></ncx>");
  EXPECT_THAT(chapters_of(cut_file(zip(files), Format::epub)), ElementsAre("0 First", "3 Second"));
}

TEST(Epub, WithoutNavigationTheHeadingsTellTheChapters) {
  const auto files = with(book(), "OEBPS/nav.xhtml", page("<p>nothing here"));
  EXPECT_THAT(chapters_of(cut_file(zip(files), Format::epub)), ElementsAre("1 I", "5 II"));
}

TEST(Epub, ANavigationThatMostlyLeadsNowhereIsNone) {
  const auto files = with(book(), "OEBPS/nav.xhtml",
                          page("<nav epub:type='toc'><ol><li><a href='text/one.xhtml'>The Pool</a></li>"
                               "<li><a href='two.xhtml'>The Door</a></li><li><a href='three.xhtml#key'>The Key</a></li>"
                               "</ol></nav>"));
  EXPECT_THAT(chapters_of(cut_file(zip(files), Format::epub)), ElementsAre("3 I", "7 II"));
}

TEST(Epub, ContentsAndPagesOutsideOfTheOrderAreLeftOutWithTheReason) {
  const SegmenterOptions skip{.format = Format::epub, .reading = {{ScriptPart::contents}}};
  const std::string bytes = zip(book());
  EXPECT_THAT(spoken(cut_file(bytes, skip)), ElementsAre("one.", "The pool was deep.", "Very deep it was.",
                                                         "Before the door.", "two.", "The door was shut."));
  EXPECT_THAT(unspoken_of(bytes, skip),
              ElementsAre("contents page: Contents", "contents page: 1. The Pool", "contents page: 1. Deep inside",
                          "contents page: 2. The Door", "outside of the order of reading: How deep nobody knows."));
}

TEST(Epub, GivesItsCover) {
  const Picture cover = epub_cover(zip(book()));
  EXPECT_EQ(cover.media_type, "image/jpeg");
  EXPECT_EQ(cover.bytes, "\xff\xd8\xff\xe0 picture");
}

TEST(Epub, NamesMayBeOfAnyLanguage) {
  auto files = with(
      book(), "OEBPS/book.opf",
      package("<item id='a' href='zw%C3%B6lf.xhtml' media-type='application/xhtml+xml'/>", "<itemref idref='a'/>"));
  EXPECT_THAT(spoken(cut_file(zip(with(files, "OEBPS/zwölf.xhtml", page("<p>Text is here.</p>"))), Format::epub)),
              ElementsAre("Text is here."));
}

TEST(Epub, ThatIsProtectedIsRefusedWithTheReason) {
  EXPECT_THAT(refused(with(book(), "META-INF/rights.xml", "<rights/>")),
              HasSubstr("protected against reading (DRM: META-INF/rights.xml)"));
  const std::string encryption =
      "<encryption xmlns:e='x'><e:EncryptedData><e:EncryptionMethod "
      "Algorithm='ALGORITHM'/><e:CipherData><e:CipherReference "
      "URI='OEBPS/text/one.xhtml'/></e:CipherData></e:EncryptedData></encryption>";
  auto with_algorithm = [&](const std::string& name) {
    std::string xml = encryption;
    return with(book(), "META-INF/encryption.xml", xml.replace(xml.find("ALGORITHM"), 9, name));
  };
  EXPECT_THAT(refused(with_algorithm("http://www.w3.org/2001/04/xmlenc#aes128-cbc")),
              HasSubstr("OEBPS/text/one.xhtml is encrypted"));
  EXPECT_EQ(refused(with_algorithm("http://www.idpf.org/2008/embedding")), "nothing was refused");
}

TEST(Epub, WhatIsMissingOrDamagedIsNamed) {
  EXPECT_THAT(refused(without(book(), "META-INF/container.xml")), HasSubstr("book: META-INF/container.xml is missing"));
  EXPECT_THAT(refused(without(book(), "OEBPS/book.opf")), HasSubstr("OEBPS/book.opf"));
  EXPECT_THAT(refused(without(book(), "OEBPS/text/one.xhtml")), HasSubstr("does not hold OEBPS/text/one.xhtml"));
  EXPECT_THAT(refused(with(book(), "OEBPS/book.opf", "<package>\n<metadata></package>")),
              HasSubstr("OEBPS/book.opf, line 2"));
  EXPECT_THAT(refused(with(book(), "OEBPS/book.opf", package(kManifest, "<itemref idref='zz'/>"))),
              HasSubstr("'zz', which the manifest lacks"));
  EXPECT_THAT(refused(with(book(), "OEBPS/book.opf", package(kManifest, ""))), HasSubstr("no spine"));
  EXPECT_THAT(refusal_of("PK but no archive", Format::epub), HasSubstr("damaged or cut short"));
  EXPECT_THAT(refusal_of("no archive at all", Format::epub), HasSubstr("no ZIP archive"));
}

TEST(Epub, CutShortAnywhereIsOneClearError) {
  const std::string bytes = zip(book());
  for (std::size_t size = 0; size < bytes.size(); size += 97)
    EXPECT_THAT(refusal_of(bytes.substr(0, size), Format::epub), testing::StartsWith("error: ")) << size;
}

TEST(Epub, ReferencesThatLeadOutOfTheBookAreRefused) {
  for (const char* href : {"../../etc/passwd", "/../secret.xhtml", "http://example.org/x.xhtml"})
    EXPECT_THAT(
        refused(with(book(), "OEBPS/book.opf",
                     package(std::string("<item id='x' href='") + href + "' media-type='application/xhtml+xml'/>",
                             "<itemref idref='x'/>"))),
        testing::AnyOf(HasSubstr("leads out of the book"), HasSubstr("does not hold")))
        << href;
}

TEST(Epub, OnePageManyTimesIsReadOnce) {
  const std::string manifest = std::string(kManifest) +
                               "<item id='p' href='text/one.xhtml#deep' media-type='application/xhtml+xml'/>";
  const auto files = with(book(), "OEBPS/book.opf",
                          package(manifest, "<itemref idref='c1'/><itemref idref='c1'/><itemref idref='p'/>"));
  EXPECT_THAT(spoken(cut_file(zip(files), Format::epub)),
              ElementsAre("one.", "The pool was deep.", "Very deep it was."));
}

TEST(Epub, ThatUnpacksToTooMuchIsRefused) {
  std::string zeros(std::size_t{65} << 20, ' ');
  EXPECT_THAT(refused(with(book(), "OEBPS/bomb.xhtml", zeros)), HasSubstr("OEBPS/bomb.xhtml is larger than 64 MiB"));
  zeros.resize(std::size_t{60} << 20);
  Files files = book();
  for (int i = 0; i < 3; ++i) files.emplace_back("bomb" + std::to_string(i) + ".txt", zeros);
  EXPECT_THAT(refused(files), HasSubstr("larger than 160 MiB"));
}

TEST(Epub, EntitiesThatGrowDoNot) {
  std::string bomb = "<!DOCTYPE package [<!ENTITY a 'ha'>";
  for (char c = 'b'; c < 'z'; ++c)
    bomb += std::string("<!ENTITY ") + c + " '&" + static_cast<char>(c - 1) + ";&" + static_cast<char>(c - 1) + ";'>";
  bomb += "]>";
  const std::string opf = package(kManifest, "<itemref idref='c1'/>");
  EXPECT_EQ(refused(with(book(), "OEBPS/book.opf", bomb + opf)), "nothing was refused");
  const auto cut = cut_file(
      zip(with(book(), "OEBPS/text/one.xhtml", bomb + "<html><body><p>Said here &y; and on.</p></body></html>")),
      Format::epub);
  EXPECT_LT(cut.characters, 1000u);
}

TEST(Epub, WithAPasswordIsRefused) {
  EXPECT_THAT(refusal_of(zip(book(), nullptr, "secret"), Format::epub), HasSubstr("encrypted with a password"));
}

TEST(Epub, NestedToNoEndIsRefused) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<x>";
  EXPECT_THAT(refused(with(book(), "META-INF/container.xml", deep)), HasSubstr("META-INF/container.xml"));
  std::string closed = deep;
  for (int i = 0; i < 5000; ++i) closed += "</x>";
  EXPECT_THAT(refused(with(book(), "META-INF/container.xml", closed)), HasSubstr("nested more than"));
}

}  // namespace
}  // namespace lectern::text
