// Sounds that a model makes where a script says so: "[laugh]". They are written in the script in any case, and spoken
// as the model writes them.
//
// How it works: on its way through the readers of numbers, sentences and punctuation a tag is two letters of a writing
// that nobody narrates (Egyptian hieroglyphs): one tells which tag it is and stands for its opening bracket, the other
// for its closing one. A script that holds such letters itself keeps its tags as plain text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/text/document.h"

namespace lectern::text {

class Tags {
 public:
  // `spoken`: the model's own. `silent`: other models' tags, which are left out of what is spoken.
  Tags(const std::vector<std::string>& spoken, const std::vector<std::string>& silent);

  // Puts the letters into the document's blocks, takes silent tags out of them and says so in its marks.
  void place(Document& document);
  // What is spoken, with its tags in place of the letters.
  std::string restore(const std::string& spoken) const;

 private:
  struct Found;
  Found tag_at(std::u32string_view text, std::size_t at) const;
  void place(Block& block, std::vector<Unspoken>& silent, std::vector<Range>& spoken) const;

  std::vector<std::u32string> tags_;  // in lower case; the first `spoken_` are spoken
  std::size_t spoken_;
  std::vector<std::string> written_;
  bool placed_ = false;
};

}  // namespace lectern::text
