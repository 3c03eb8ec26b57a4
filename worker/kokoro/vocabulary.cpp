#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "worker/kokoro/phonemes.h"

namespace lectern::kokoro {

namespace {

constexpr int64_t kTokens = 178;  // rows of the network's embedding tables

// How good a place to cut is behind a symbol; 0: none.
int cut_rank(const std::string& symbol) {
  if (symbol == "." || symbol == "!" || symbol == "?" || symbol == "…") return 3;
  if (symbol == ";" || symbol == ":" || symbol == "," || symbol == "—") return 2;
  return symbol == " " ? 1 : 0;
}

// Where to cut: behind the best kind of symbol, as near to `wished` as can be, with at most `longest` before it.
std::size_t cut(const std::vector<std::string>& symbols, std::size_t wished, std::size_t longest) {
  for (const auto& [rank, shortest] : {std::pair{3, wished / 2}, {2, wished / 2}, {1, std::size_t{1}}}) {
    std::size_t best = 0;
    for (std::size_t at = std::max<std::size_t>(1, shortest); at <= longest && at < symbols.size(); ++at) {
      // Closing quotes and the like stay with the sentence: a cut is made where a word begins.
      if (cut_rank(symbols[at - 1]) < rank && !(symbols[at - 1] == " " && at > 1 && cut_rank(symbols[at - 2]) >= rank))
        continue;
      if (rank > 1 && symbols[at] == " ") continue;
      const auto distance = [wished](std::size_t x) { return x > wished ? x - wished : wished - x; };
      if (best == 0 || distance(at) < distance(best)) best = at;
    }
    if (best != 0) return best;
  }
  throw Fault(Exit::bad_input, "a single word of more than " + std::to_string(longest) + " phonemes cannot be spoken");
}

std::vector<std::string> trimmed(std::vector<std::string> symbols) {
  while (!symbols.empty() && symbols.back() == " ") symbols.pop_back();
  while (!symbols.empty() && symbols.front() == " ") symbols.erase(symbols.begin());
  return symbols;
}

}  // namespace

Vocabulary::Vocabulary(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) {
    throw Fault(Exit::not_found, "cannot read " + file.string(),
                "fetch the model again: lectern model pull kokoro-82m");
  }
  try {
    const auto tokenizer = nlohmann::json::parse(stream);
    for (const auto& [symbol, id] : tokenizer.at("model").at("vocab").items()) {
      ids_.emplace(symbol, id.get<int64_t>());
    }
  } catch (const nlohmann::json::exception& error) {
    throw Fault(Exit::bad_input, file.string() + ": not a tokenizer with model.vocab: " + error.what());
  }
  for (const auto& [symbol, id] : ids_) {
    if (id < 0 || id >= kTokens) {
      throw Fault(Exit::bad_input, file.string() + ": symbol '" + symbol + "' has the id " + std::to_string(id) +
                                       ", the network knows 0 to " + std::to_string(kTokens - 1));
    }
  }
  ids_.erase("$");  // the pad is not a symbol of text
}

Vocabulary::Symbols Vocabulary::symbols_of(std::string_view phonemes) const {
  Symbols found;
  while (!phonemes.empty()) {
    const std::string symbol(first_character(phonemes));
    phonemes.remove_prefix(symbol.size());
    if (!ids_.contains(symbol)) {
      ++found.dropped[symbol];
    } else if (symbol != " " || (!found.symbols.empty() && found.symbols.back() != " ")) {
      found.symbols.push_back(symbol);
    }
  }
  found.symbols = trimmed(std::move(found.symbols));
  return found;
}

std::string Vocabulary::Symbols::text() const {
  std::string text;
  for (const std::string& symbol : symbols) text += symbol;
  return text;
}

std::vector<int64_t> Vocabulary::ids_of(const std::vector<std::string>& symbols) const {
  std::vector<int64_t> ids{0};
  for (const std::string& symbol : symbols) ids.push_back(ids_.at(symbol));
  ids.push_back(0);
  return ids;
}

std::vector<std::vector<std::string>> pieces_of(const std::vector<std::string>& symbols, std::size_t longest) {
  std::vector<std::vector<std::string>> pieces;
  std::vector<std::string> rest = symbols;
  while (rest.size() > longest) {
    const std::size_t count = (rest.size() + longest - 1) / longest;  // even pieces rather than a short last one
    const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(cut(rest, rest.size() / count, longest));
    if (auto piece = trimmed({rest.begin(), middle}); !piece.empty()) pieces.push_back(std::move(piece));
    rest = trimmed({middle, rest.end()});
  }
  if (!rest.empty()) pieces.push_back(std::move(rest));
  return pieces;
}

}  // namespace lectern::kokoro
