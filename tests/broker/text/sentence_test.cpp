#include "broker/text/sentences.h"
#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

// "a | b" means: two sentences.
std::string sentences(const std::string& text, const std::string& language = "en-us") {
  const std::u32string points = to_code_points(text);
  std::string joined;
  for (const Span& span : split_sentences(points, find_language(language)))
    joined += (joined.empty() ? "" : " | ") + to_utf8(std::u32string_view(points).substr(span.begin, span.size()));
  return joined;
}

struct Case {
  std::string marked;  // with " | " where a sentence ends
  std::string language = "en-us";
};

TEST(Sentences, EndWhereAReaderWouldStop) {
  const Case cases[] = {
      {"Mr. Smith met Mrs. Jones and Dr. Brown. | They talked."},
      {"We saw St. Paul's, e.g. the dome, i.e. the top. | It was fine."},
      {"Bread, milk, etc. | The shop was closed."},
      {"Bread, milk, etc. were sold there."},
      {"It was Smith vs. Jones in Vol. 3, No. 5 of the report."},
      {"No. | I will not go."},
      {"J. R. R. Tolkien wrote it. | C. S. Lewis read it."},
      {"He is taller than I. | Then he sat down."},
      {"Pi is 3.14 or so. | It goes on."},
      {"He lived in the U.S. Army base. | She did not."},
      {"He moved to the U.S. | The rest stayed."},
      {"We met at 9 a.m. and left at 5 p.m. | Nobody noticed."},
      {"Well... | I think so. | Maybe… not."},
      {"And then... nothing happened. | Good."},
      {"“Oh!” she said. | “I did not know.”"},
      {"\"Oh!\" she said. | \"I did not know.\""},
      {"“Oh!” Alice said. | “Who are you?” asked the Caterpillar."},
      {"“Stop!” Mary Ann cried. | Nobody stopped."},
      {"He said, “Stop!” and left. | She stayed."},
      {"“Is it you?” | (It was.) | “Yes.”"},
      {"(He had seen it before.) | Then he left."},
      {"He left (it was late!). | She stayed."},
      {"What?! | Never!"},
      {"John Smith Jr. was there. | Acme Inc. paid."},
      {"He works for Acme Inc. | The pay is bad."},
      {"See Fig. 3 and pp. 10 to 12. | They show it."},
      {"Lt. Col. Jones of the 5th came. | He was late."},
      {"one line\nanother line. | And so on."},
      {"_Never!_ she cried. | _Never!_ | It was late."},
      {"El Sr. López llegó. | La Sra. Pérez no.", "es"},
      {"M. Dupont est parti. | Mme. Durand reste.", "fr"},
      {"Il Sig. Rossi parla. | Il Dott. Bianchi tace.", "it"},
      {"यह पहला वाक्य है। | यह दूसरा है।", "hi"},
  };
  for (const Case& c : cases) {
    std::string plain = c.marked;
    for (auto i = plain.find(" | "); i != std::string::npos; i = plain.find(" | ")) plain.replace(i, 3, " ");
    EXPECT_EQ(sentences(plain, c.language), c.marked);
  }
}

TEST(Cuts, PreferClausesThenConjunctionsThenWords) {
  const auto first = [](std::u32string_view text, std::size_t limit) {
    return to_utf8(trim(text.substr(0, best_cut(text, {0, text.size()}, limit))));
  };
  EXPECT_EQ(first(U"one two three, four five; six seven eight", 30), "one two three, four five;");
  EXPECT_EQ(first(U"one two three four and five six seven", 25), "one two three four");
  EXPECT_EQ(first(U"aaaa bbbb cccc dddd", 10), "aaaa bbbb");
  EXPECT_EQ(first(U"aaaaaaaaaaaaaaaa", 10), "aaaaaaaaaa");
  EXPECT_EQ(first(U"it cost 4 May 1999 in all of it", 20), "it cost 4 May 1999");
  EXPECT_EQ(first(U"aaaaaaaaae\u0301\u0301bbbbb", 10), "aaaaaaaaa");  // an accent stays with its letter
}

}  // namespace
}  // namespace lectern::text
