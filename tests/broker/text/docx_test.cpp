// Word's documents.
#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kNamespaces =
    "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' "
    "xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006' xmlns:wp='urn:wp'";

std::string root(const std::string& name, const std::string& inside) {
  return "<?xml version='1.0' encoding='UTF-8'?><w:" + name + " " + kNamespaces + ">" + inside + "</w:" + name + ">";
}

Files document(const std::string& body) {
  return {{"[Content_Types].xml", "<Types/>"},
          {"word/document.xml", root("document", "<w:body>" + body + "</w:body>")}};
}

std::string run(const std::string& text) { return "<w:r><w:t xml:space='preserve'>" + text + "</w:t></w:r>"; }
std::string paragraph(const std::string& inside, const std::string& style = "") {
  return "<w:p>" + (style.empty() ? "" : "<w:pPr><w:pStyle w:val='" + style + "'/></w:pPr>") + inside + "</w:p>";
}

Segmentation cut_docx(const Files& files) { return cut_file(zip(files), Format::docx); }

TEST(Docx, ParagraphsAndRunsAreRead) {
  EXPECT_THAT(
      spoken(cut_docx(document(paragraph(run("One is ") + run("here.")) +
                               paragraph(run("Two") + "<w:r><w:tab/><w:t>is</w:t><w:br/><w:t>here</w:t></w:r>")))),
      ElementsAre("One is here.", "Two is, here."));
}

TEST(Docx, HeadingsAreFoundByTheNameOfTheirStyle) {
  auto files =
      document(paragraph(run("The Book"), "Titel") + paragraph(run("First"), "berschrift1") +
               paragraph(run("Text is here.")) + paragraph(run("Second"), "Mine") + paragraph(run("Text is here.")));
  files.emplace_back(
      "word/styles.xml",
      root("styles",
           "<w:style w:styleId='Titel'><w:name w:val='Title'/></w:style><w:style w:styleId='berschrift1'><w:name "
           "w:val='heading 1'/></w:style>"
           "<w:style w:styleId='Mine'><w:name w:val='My own'/><w:basedOn w:val='berschrift1'/></w:style>"));
  EXPECT_THAT(chapters_of(cut_docx(files)), ElementsAre("0 The Book", "1 First", "3 Second"));
}

TEST(Docx, DeletedAndHiddenTextIsKeptAndNotSpoken) {
  const auto files = document(
      paragraph(run("It was ") + "<w:del><w:r><w:delText>very</w:delText></w:r></w:del><w:ins>" + run("quite") +
                "</w:ins>" + run(" late.") + "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden words</w:t></w:r>"));
  EXPECT_THAT(spoken(cut_docx(files)), ElementsAre("It was quite late."));
  EXPECT_THAT(unspoken_of(zip(files), {.format = Format::docx}), ElementsAre("deleted: very", "hidden: hidden words"));
}

TEST(Docx, FootnotesComeBehindTheirParagraphAndCanBeSkipped) {
  auto files = document(paragraph(run("It was late") + "<w:r><w:footnoteReference w:id='2'/></w:r>" + run(".")) +
                        paragraph(run("The end of it.")));
  files.emplace_back("word/footnotes.xml",
                     root("footnotes", "<w:footnote w:id='-1'><w:p/></w:footnote><w:footnote w:id='2'>" +
                                           paragraph(run("Half past ten.")) + "</w:footnote>"));
  EXPECT_THAT(spoken(cut_docx(files)), ElementsAre("It was late.", "Half past ten.", "The end of it."));
  const SegmenterOptions skip{.format = Format::docx, .reading = {{ScriptPart::footnotes}}};
  EXPECT_THAT(spoken(cut_file(zip(files), skip)), ElementsAre("It was late.", "The end of it."));
  EXPECT_THAT(unspoken_of(zip(files), skip), ElementsAre("footnote: Half past ten."));
}

TEST(Docx, TablesAndNumberedListsAreRead) {
  const std::string item = "<w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='7'/></w:numPr></w:pPr>";
  auto files = document("<w:tbl><w:tr><w:tc>" + paragraph(run("Name")) + "</w:tc><w:tc>" + paragraph(run("Age")) +
                        "</w:tc></w:tr></w:tbl><w:p>" + item + run("Bread and salt here") + "</w:p><w:p>" + item +
                        run("Water, a lot of it") + "</w:p>");
  files.emplace_back("word/numbering.xml", root("numbering",
                                                "<w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:start "
                                                "w:val='1'/><w:numFmt w:val='decimal'/></w:lvl></w:abstractNum>"
                                                "<w:num w:numId='7'><w:abstractNumId w:val='1'/></w:num>"));
  EXPECT_THAT(spoken(cut_docx(files)),
              ElementsAre("Name, Age.", "one. Bread and salt here.", "two. Water, a lot of it."));
}

TEST(Docx, ATextBoxIsReadOnceBehindItsParagraph) {
  const std::string box = "<w:txbxContent>" + paragraph(run("In the box.")) + "</w:txbxContent>";
  EXPECT_THAT(spoken(cut_docx(document(paragraph(
                  run("Around it here.") + "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:docPr descr='A box'/>" +
                  box + "</w:drawing></mc:Choice><mc:Fallback><w:pict>" + box +
                  "</w:pict></mc:Fallback></mc:AlternateContent></w:r>")))),
              ElementsAre("Around it here.", "In the box."));
}

TEST(Docx, AllTextBoxesOfAGroupAreRead) {
  const auto box = [](const std::string& text) {
    return "<w:txbxContent>" + paragraph(run(text)) + "</w:txbxContent>";
  };
  EXPECT_THAT(
      spoken(cut_docx(document(paragraph(run("Around it here.") + "<w:r><w:drawing><g>" + box("The first box.") +
                                         box("The second box.") + "</g></w:drawing></w:r>")))),
      ElementsAre("Around it here.", "The first box.", "The second box."));
}

TEST(Docx, TitleAndAuthorComeFromItsProperties) {
  auto files = document(paragraph(run("Text is here.")));
  files.emplace_back("docProps/core.xml",
                     "<cp:coreProperties xmlns:cp='c' xmlns:dc='d'><dc:title>The "
                     "Day</dc:title><dc:creator>Ben</dc:creator></cp:coreProperties>");
  const auto cut = cut_docx(files);
  EXPECT_EQ(cut.title, "The Day");
  EXPECT_EQ(cut.author, "Ben");
}

TEST(Docx, ProtectedOldOrDamagedOnesAreRefusedWithTheMend) {
  EXPECT_THAT(refusal_of("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", Format::docx),
              testing::AllOf(HasSubstr("protected with a password"), HasSubstr("libreoffice")));
  EXPECT_THAT(refusal_of(zip({{"a.txt", "a"}}), Format::docx),
              HasSubstr("no Word document (word/document.xml is missing"));
  EXPECT_THAT(refusal_of(zip({{"word/document.xml", "<w:document>\n<w:body>"}}), Format::docx),
              HasSubstr("word/document.xml, line 2"));
  const std::string bytes = zip(document(paragraph(run("Text is here."))));
  for (std::size_t size = 0; size < bytes.size(); size += 31)
    EXPECT_THAT(refusal_of(bytes.substr(0, size), Format::docx), testing::StartsWith("error: ")) << size;
}

}  // namespace
}  // namespace lectern::text
