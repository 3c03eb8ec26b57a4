// A whole book, as it comes: what is spoken is what is written.
#include <map>
#include <sstream>

#include "tests/broker/text/vocabulary.h"

namespace lectern::text {
namespace {

const std::string& alice() {
  static const std::string text = decode_script(read_data("alice_in_wonderland.txt"), "alice_in_wonderland.txt");
  return text;
}

TEST(Book, IsCoveredExactlyAtEveryLimit) {
  for (std::size_t limit : {40, 100, 300, 1000}) expect_sound(alice(), cut(alice(), limit), limit);
}

TEST(Book, EveryWordIsSpokenInOrder) {
  const auto text = to_code_points(alice());
  const std::u32string_view view(text);
  const std::size_t first = view.find(U"CHAPTER I."), last = view.find(U"THE END");
  std::vector<std::string> written = words(view.substr(first, last - first)), said;
  for (const Segment& segment : cut(alice()).segments) {
    if (segment.begin < first || segment.begin >= last) continue;
    const auto found = words(to_code_points(segment.spoken));
    said.insert(said.end(), found.begin(), found.end());
  }
  // The only words of the story that are said otherwise.
  const std::map<std::string, std::string> kNumbers = {
      {"i", "one"},     {"ii", "two"},     {"iii", "three"}, {"iv", "four"}, {"v", "five"},    {"vi", "six"},
      {"vii", "seven"}, {"viii", "eight"}, {"ix", "nine"},   {"x", "ten"},   {"xi", "eleven"}, {"xii", "twelve"}};
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (i > 0 && written[i - 1] == "chapter" && kNumbers.contains(written[i])) written[i] = kNumbers.at(written[i]);
    if (written[i] == "esq") written[i] = "esquire";
  }
  ASSERT_GT(written.size(), 25000u);
  const auto [w, s] = std::mismatch(written.begin(), written.end(), said.begin(), said.end());
  EXPECT_TRUE(w == written.end() && s == said.end())
      << "word " << w - written.begin() << ": " << (w == written.end() ? "" : *w) << " / "
      << (s == said.end() ? "" : *s);
}

TEST(Book, NothingWithWordsIsLeftUnspoken) {
  const auto text = to_code_points(alice());
  for (const Unspoken& gap : cut(alice()).unspoken)
    EXPECT_FALSE(has_words(std::u32string_view(text).substr(gap.begin, gap.end - gap.begin)))
        << gap.begin << " " << gap.reason;
}

TEST(Book, HasItsTwelveChapters) {
  std::size_t chapters = 0;
  const auto result = cut(alice());
  for (std::size_t i = 1; i < result.segments.size(); ++i)
    chapters += result.segments[i].spoken.starts_with("CHAPTER ") && result.segments[i].heading &&
                result.segments[i - 1].after == Break::chapter;
  EXPECT_EQ(chapters, 12u);
}

TEST(Book, SpokenTextIsSaidTheSameWhenReadAgain) {
  for (const Segment& segment : cut(alice()).segments) EXPECT_EQ(normalise(segment.spoken, "en-us"), segment.spoken);
}

TEST(Book, FewFragmentsStandAlone) {
  std::size_t fragments = 0, all = 0;
  for (const Segment& segment : cut(alice()).segments) {
    if (segment.heading) continue;
    ++all;
    fragments += words(to_code_points(segment.spoken)).size() <= 3;
  }
  EXPECT_LT(fragments * 100, all);
}

const char* name_of(Break after) {
  return kBreakNames[static_cast<int>(after)];
}

// excerpt.txt holds what is hard in the book: headings, dialogue, an address, verse, a rule, the mouse's tail.
TEST(Book, ExcerptReadsAsItDidBefore) {
  const std::string script = decode_script(read_data("excerpt.txt"), "excerpt.txt");
  std::ostringstream actual;
  for (const Segment& segment : cut(script).segments)
    actual << (segment.heading ? "# " : "") << segment.spoken << " [" << name_of(segment.after) << "]\n";
  EXPECT_EQ(actual.str(), read_data("excerpt.segments"));
}

}  // namespace
}  // namespace lectern::text
