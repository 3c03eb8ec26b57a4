// GPT-2's byte-level BPE with the model's own tags ("[laugh]"): text -> ids. Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lectern::chatterbox {

class Tokenizer {
 public:
  // Reads vocab.json, merges.txt, added_tokens.json and, for the tags' flags, tokenizer_config.json when there is one.
  // Throws Fault naming the file and the line or entry; vocabulary and tags together must have `size` entries.
  explicit Tokenizer(const std::filesystem::path& folder, std::int64_t size = 50276);

  // UTF-8; bytes that are none are taken one by one.
  std::vector<std::int64_t> encode(std::string_view text) const;
  // The tags that the model speaks, as they are written: "[laugh]".
  std::vector<std::string> tags() const;

 private:
  struct Added {
    std::int64_t id = 0;
    bool lstrip = false, rstrip = false;  // takes the white space before or behind it along
    bool single_word = false;             // only where no letter, digit or underscore touches it
  };
  struct Merge {
    std::size_t rank = 0;
    std::int64_t id = 0;
  };
  void read_merges(const std::filesystem::path& file);
  void read_flags(const std::filesystem::path& file);
  const Added* added_at(std::string_view text, std::size_t at, std::size_t& length) const;
  void encode_piece(std::string_view piece, std::vector<std::int64_t>& ids) const;
  void encode_word(std::string_view word, std::vector<std::int64_t>& ids) const;

  std::unordered_map<std::string, std::int64_t> vocabulary_;
  std::int64_t bytes_[256] = {};                        // id of each single byte
  std::unordered_map<std::uint64_t, Merge> merges_;     // by the pair of ids
  std::map<std::string, Added, std::greater<>> added_;  // longer ones stand before their own beginnings
  bool prefix_space_ = false;
};

}  // namespace lectern::chatterbox
