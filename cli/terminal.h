// Where text is shown: its width, whether it is a terminal, and how many columns a text takes there.
#pragma once

#include <string>
#include <string_view>

namespace lectern::cli {

struct Terminal {
  bool is_terminal = false;
  int width = 80, height = 24;  // of a pipe or file: unlimited

  static Terminal of(int fd);  // as it is now: a terminal may be resized
};

// Columns of a UTF-8 text on a terminal: 2 for wide characters, 0 for combining ones.
int columns(std::string_view text);
// The text with control characters and broken UTF-8 replaced by "?", so that no name can move the cursor.
std::string printable(std::string_view text);
// Cut to at most `width` columns, with "…" at its end when something was cut.
std::string fitted(std::string_view text, int width);
// Filled with spaces to `width` columns.
std::string padded(std::string text, int width);

// The words of a text in lines of at most `width` columns, all but the first with `indent` spaces in front; the first is
// taken to begin in that column. A word that is longer than that stands alone and whole.
std::string wrapped(std::string_view text, int width, int indent);

// Each line cut to `width` columns.
std::string fitted_lines(std::string_view text, int width);

// Text on a terminal that is replaced by its next version.
class Redrawn {
 public:
  // What to write so that `block` stands where the last block stood, under `above`, which stays. Both consist of lines
  // that end in newlines; those of the block fit the width.
  std::string replace(const std::string& block, const std::string& above = {});

 private:
  long lines_ = 0;
};

// All of it, or as much as the reader takes.
void write_text(int fd, std::string_view text);

}  // namespace lectern::cli
