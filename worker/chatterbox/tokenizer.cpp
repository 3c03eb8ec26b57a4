#include "worker/chatterbox/tokenizer.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "config/fault.h"
#include "config/file.h"

namespace lectern::chatterbox {

namespace {

using nlohmann::json;
constexpr char kMend[] = "fetch the model again";

json read_json(const std::filesystem::path& file) {
  try {
    return json::parse(read_file(file));
  } catch (const json::exception& error) {
    throw Fault(Exit::bad_input, file.string() + ": not valid JSON: " + error.what(), kMend);
  }
}

void append_utf8(std::string& text, char32_t c) {  // up to U+07FF
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// The characters that stand for the 256 bytes in the files: printable ones for themselves, the others from U+0100 on.
std::vector<std::string> byte_characters() {
  std::vector<std::string> characters(256);
  char32_t next = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    append_utf8(characters[byte], printable ? byte : next++);
  }
  return characters;
}

enum class Kind { letter, number, space, other };

Kind kind_of(UChar32 c) {
  if (c < 0) return Kind::other;
  if (U_GET_GC_MASK(c) & U_GC_L_MASK) return Kind::letter;
  if (U_GET_GC_MASK(c) & U_GC_N_MASK) return Kind::number;
  return u_isUWhiteSpace(c) ? Kind::space : Kind::other;
}

struct Character {
  std::size_t begin, end;
  Kind kind;
};

std::vector<Character> characters_of(std::string_view text) {
  std::vector<Character> characters;
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    const int32_t begin = i;
    UChar32 c;
    U8_NEXT(text.data(), i, length, c);
    characters.push_back({static_cast<std::size_t>(begin), static_cast<std::size_t>(i), kind_of(c)});
  }
  return characters;
}

std::size_t contraction(std::string_view rest) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (rest.starts_with(ending)) return ending.size();
  }
  return 0;
}

// Where the word that begins at characters[at] ends, as an index of characters; the pattern of GPT-2:
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t end_of_word(std::string_view text, const std::vector<Character>& characters, std::size_t at) {
  if (const std::size_t bytes = contraction(text.substr(characters[at].begin)); bytes > 0) return at + bytes;
  const auto run = [&](std::size_t from) {
    std::size_t to = from;
    while (to < characters.size() && characters[to].kind == characters[from].kind) ++to;
    return to;
  };
  const bool blank = text[characters[at].begin] == ' ';
  const std::size_t body = blank ? at + 1 : at;
  if (body < characters.size() && characters[body].kind != Kind::space) return run(body);
  const std::size_t end = run(at);  // white space: the last one is left to the word that follows
  return end < characters.size() && end - at > 1 ? end - 1 : end;
}

bool part_of_word(unsigned char byte) { return byte >= 0x80 || std::isalnum(byte) || byte == '_'; }

}  // namespace

Tokenizer::Tokenizer(const std::filesystem::path& folder, std::int64_t size) {
  const auto ids = [&](const char* name) {
    std::map<std::string, std::int64_t> entries;
    try {
      entries = read_json(folder / name).get<std::map<std::string, std::int64_t>>();
    } catch (const json::exception&) {
      throw Fault(Exit::bad_input, (folder / name).string() + ": must map tokens to whole numbers", kMend);
    }
    for (const auto& [token, id] : entries) {
      if (id < 0 || id >= size || token.empty()) {
        throw Fault(Exit::bad_input,
                    (folder / name).string() + ": token '" + token + "' has the id " + std::to_string(id) +
                        ", the network knows 0 to " + std::to_string(size - 1),
                    "use the tokenizer files of this model");
      }
    }
    return entries;
  };
  std::set<std::int64_t> seen;
  for (const auto& [token, id] : ids("vocab.json")) {
    vocabulary_.emplace(token, id);
    seen.insert(id);
  }
  for (const auto& [token, id] : ids("added_tokens.json")) {
    added_[token].id = id;
    seen.insert(id);
  }
  if (static_cast<std::int64_t>(seen.size()) != size) {
    throw Fault(Exit::bad_input,
                folder.string() + ": vocab.json and added_tokens.json have " + std::to_string(seen.size()) +
                    " tokens, the network knows " + std::to_string(size),
                "use the tokenizer files of this model");
  }
  constexpr char kEnd[] = "<|endoftext|>";  // GPT-2's own, in vocab.json
  if (const auto found = vocabulary_.find(kEnd); found != vocabulary_.end()) added_[kEnd].id = found->second;

  const auto characters = byte_characters();
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto found = vocabulary_.find(characters[byte]);
    if (found == vocabulary_.end()) {
      throw Fault(Exit::bad_input,
                  (folder / "vocab.json").string() + ": has no token for the byte " + std::to_string(byte), kMend);
    }
    bytes_[byte] = found->second;
  }
  read_merges(folder / "merges.txt");
  if (std::filesystem::exists(folder / "tokenizer_config.json")) read_flags(folder / "tokenizer_config.json");
}

void Tokenizer::read_merges(const std::filesystem::path& file) {
  std::istringstream lines(read_file(file));
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const auto refuse = [&](const std::string& what) {
      throw Fault(Exit::bad_input, file.string() + ":" + std::to_string(number) + ": " + what, kMend);
    };
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      refuse("a merge must be two tokens, found '" + line + "'");
    }
    const std::string left = line.substr(0, space), right = line.substr(space + 1);
    const auto a = vocabulary_.find(left), b = vocabulary_.find(right), joined = vocabulary_.find(left + right);
    if (a == vocabulary_.end() || b == vocabulary_.end() || joined == vocabulary_.end()) {
      refuse("'" + line + "' merges what is not in vocab.json");
    }
    const std::uint64_t pair = static_cast<std::uint64_t>(a->second) << 32 | static_cast<std::uint64_t>(b->second);
    merges_.emplace(pair, Merge{merges_.size(), joined->second});
  }
  if (merges_.empty()) throw Fault(Exit::bad_input, file.string() + ": holds no merges", kMend);
}

void Tokenizer::read_flags(const std::filesystem::path& file) {
  try {
    const json config = read_json(file);
    prefix_space_ = config.value("add_prefix_space", false);
    const json tokens = config.value("added_tokens_decoder", json::object());
    for (const auto& [id, token] : tokens.items()) {
      const auto found = added_.find(token.at("content").get<std::string>());
      if (found == added_.end()) continue;
      found->second.lstrip = token.value("lstrip", false);
      found->second.rstrip = token.value("rstrip", false);
      found->second.single_word = token.value("single_word", false);
    }
  } catch (const json::exception& error) {
    throw Fault(Exit::bad_input, file.string() + ": not a tokenizer's settings: " + error.what(), kMend);
  }
}

std::vector<std::string> Tokenizer::tags() const {
  std::vector<std::string> tags;
  for (const auto& [token, added] : added_) {
    if (token.starts_with('[')) tags.push_back(token);
  }
  return tags;
}

// The longest added token that stands at a place.
const Tokenizer::Added* Tokenizer::added_at(std::string_view text, std::size_t at, std::size_t& length) const {
  const Added* longest = nullptr;
  length = 0;
  for (const auto& [token, added] : added_) {
    if (token.size() <= length || !text.substr(at).starts_with(token)) continue;
    const std::size_t end = at + token.size();
    const bool touched = (at > 0 && part_of_word(static_cast<unsigned char>(text[at - 1]))) ||
                         (end < text.size() && part_of_word(static_cast<unsigned char>(text[end])));
    if (added.single_word && touched) continue;
    longest = &added;
    length = token.size();
  }
  return longest;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> ids;
  std::size_t begin = 0;  // of the piece before the next added token
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    const Added* const added = added_at(text, at, length);
    if (added == nullptr) {
      ++at;
      continue;
    }
    std::string_view piece = text.substr(begin, at - begin);
    if (added->lstrip) {
      const auto characters = characters_of(piece);
      std::size_t count = characters.size();
      while (count > 0 && characters[count - 1].kind == Kind::space) --count;
      piece = piece.substr(0, count == 0 ? 0 : characters[count - 1].end);
    }
    encode_piece(piece, ids);
    ids.push_back(added->id);
    at += length;
    if (added->rstrip) {
      for (const Character& character : characters_of(text.substr(at))) {
        if (character.kind != Kind::space) break;
        at += character.end - character.begin;
      }
    }
    begin = at;
  }
  encode_piece(text.substr(begin), ids);
  return ids;
}

void Tokenizer::encode_piece(std::string_view piece, std::vector<std::int64_t>& ids) const {
  std::string prefixed;
  if (prefix_space_ && !piece.empty() && characters_of(piece)[0].kind != Kind::space) {
    prefixed.append(1, ' ').append(piece);
    piece = prefixed;
  }
  const auto characters = characters_of(piece);
  for (std::size_t at = 0; at < characters.size();) {
    const std::size_t end = end_of_word(piece, characters, at);
    encode_word(piece.substr(characters[at].begin, characters[end - 1].end - characters[at].begin), ids);
    at = end;
  }
}

// Merges the pair of the lowest rank, everywhere it stands, until no pair can be merged.
void Tokenizer::encode_word(std::string_view word, std::vector<std::int64_t>& ids) const {
  std::vector<std::int64_t> parts;
  for (const char byte : word) parts.push_back(bytes_[static_cast<unsigned char>(byte)]);
  const auto merge_at = [&](std::size_t i) {
    return merges_.find(static_cast<std::uint64_t>(parts[i]) << 32 | static_cast<std::uint64_t>(parts[i + 1]));
  };
  while (parts.size() > 1) {
    auto best = merges_.end();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = merge_at(i);
      if (found != merges_.end() && (best == merges_.end() || found->second.rank < best->second.rank)) best = found;
    }
    if (best == merges_.end()) break;
    std::vector<std::int64_t> merged;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool here = i + 1 < parts.size() && merge_at(i) == best;
      merged.push_back(here ? best->second.id : parts[i]);
      i += here;
    }
    parts = std::move(merged);
  }
  ids.insert(ids.end(), parts.begin(), parts.end());
}

}  // namespace lectern::chatterbox
