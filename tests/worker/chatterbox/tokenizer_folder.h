// A model folder with tokenizer files for the tests: of GPT-2's vocabulary the part that the recorded cases touch,
// under the true ids, and placeholders for the rest. `tokenizer_folder DIR` writes one for the parity program.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/file.h"

namespace lectern::chatterbox {

inline nlohmann::json test_json(const char* name) {
  return nlohmann::json::parse(read_file(std::filesystem::path(TEST_DATA) / "chatterbox" / name));
}

inline void write_tokenizer_folder(const std::filesystem::path& folder) {
  constexpr int kVocabulary = 50257;
  const auto part = test_json("gpt2_part.json");
  nlohmann::json vocabulary = part.at("vocabulary");
  std::vector<bool> known(kVocabulary);
  for (const auto& [token, id] : vocabulary.items()) known[id.get<std::size_t>()] = true;
  for (int id = 0; id < kVocabulary; ++id) {
    if (!known[static_cast<std::size_t>(id)]) vocabulary["placeholder " + std::to_string(id)] = id;
  }
  std::string merges = "#version: 0.2\n";
  for (const auto& merge : part.at("merges")) merges += merge.get<std::string>() + "\n";
  std::filesystem::create_directories(folder);
  write_file(folder / "vocab.json", vocabulary.dump());
  write_file(folder / "merges.txt", merges);
  write_file(folder / "added_tokens.json", test_json("tokenizer.json").at("tags").dump());
}

}  // namespace lectern::chatterbox
