// A whole book in every format: the words of its segments, in order, are the words of its text.
#include "tests/broker/text/document_words.h"

namespace lectern::text {
namespace {

// The story as paragraphs, blanks made single.
std::vector<std::string> story() {
  std::string text = decode_script(read_data("alice_in_wonderland.txt"), "alice");
  text = text.substr(text.find("CHAPTER I."), text.find("THE END") - text.find("CHAPTER I."));
  std::vector<std::string> paragraphs(1);
  std::size_t line_ends = 0;
  for (const char c : text) {
    if (c == '\n') {
      ++line_ends;
      continue;
    }
    if (c == '\r' || c == '*') continue;
    if (line_ends > 1 && !paragraphs.back().empty())
      paragraphs.emplace_back();
    else if (line_ends == 1 && !paragraphs.back().empty() && paragraphs.back().back() != ' ')
      paragraphs.back() += ' ';
    line_ends = 0;
    if (c != ' ' || (!paragraphs.back().empty() && paragraphs.back().back() != ' ')) paragraphs.back() += c;
  }
  std::erase_if(paragraphs, [](const std::string& paragraph) { return !has_words(to_code_points(paragraph)); });
  return paragraphs;
}

std::string joined(const std::string& before, const std::string& after) {
  std::string all;
  for (const std::string& paragraph : story()) all += before + paragraph + after;
  return all;
}

std::vector<std::string> words_said(const Segmentation& cut) {
  std::vector<std::string> said;
  for (const Segment& segment : cut.segments) {
    const auto found = words(to_code_points(segment.spoken));
    said.insert(said.end(), found.begin(), found.end());
  }
  return said;
}

// What the words are when they are read aloud.
std::vector<std::string> words_written(const std::string& text) {
  return words(to_code_points(normalise(text, "en-us")));
}

std::string epub() {
  const std::string manifest = "<item id='a' href='a.xhtml' media-type='application/xhtml+xml'/>";
  return zip({{"mimetype", "application/epub+zip"},
              {"META-INF/container.xml", "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"},
              {"b.opf", "<package><metadata/><manifest>" + manifest +
                            "</manifest><spine><itemref idref='a'/></spine></package>"},
              {"a.xhtml", "<html><body>" + joined("<p>", "</p>") + "</body></html>"}});
}

std::string docx() {
  return zip({{"word/document.xml",
               "<w:document><w:body>" + joined("<w:p><w:r><w:t>", "</w:t></w:r></w:p>") + "</w:body></w:document>"}});
}

std::string srt() {
  std::string text;
  std::size_t n = 0;
  for (const std::string& paragraph : story()) {
    const std::string minute = std::to_string(n / 20), second = std::to_string(3 * n % 60),
                      time = "00:" + minute + ":" + second;
    ++n;
    text += std::to_string(n) + "\n" + time + ",000 --> " + time + ",900\n" + paragraph + "\n\n";
  }
  return text;
}

struct Written {
  Format format;
  const char* name;
};

class WholeBook : public testing::TestWithParam<Written> {
 protected:
  std::string bytes() const {
    switch (GetParam().format) {
      case Format::html:
        return "<html><body>" + joined("<p>", "</p>") + "</body></html>";
      case Format::epub:
        return epub();
      case Format::docx:
        return docx();
      case Format::srt:
        return srt();
      case Format::ssml:
        return "<speak>" + joined("<p>", "</p>") + "</speak>";
      default:
        return joined("", "\n\n");
    }
  }
};

TEST_P(WholeBook, IsSpokenWordByWordInEveryFormat) {
  const auto said = words_said(cut_file(bytes(), GetParam().format));
  std::vector<std::string> written;
  for (const std::string& paragraph : story()) {
    const auto found = words_written(paragraph);
    written.insert(written.end(), found.begin(), found.end());
  }
  ASSERT_GT(said.size(), 25000u);
  const auto [w, s] = std::mismatch(written.begin(), written.end(), said.begin(), said.end());
  EXPECT_TRUE(w == written.end() && s == said.end())
      << "word " << w - written.begin() << ": " << (w == written.end() ? "" : *w) << " / "
      << (s == said.end() ? "" : *s);
}

INSTANTIATE_TEST_SUITE_P(Formats, WholeBook,
                         testing::Values(Written{Format::plain, "plain"}, Written{Format::markdown, "markdown"},
                                         Written{Format::html, "html"}, Written{Format::epub, "epub"},
                                         Written{Format::docx, "docx"}, Written{Format::srt, "srt"},
                                         Written{Format::ssml, "ssml"}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lectern::text
