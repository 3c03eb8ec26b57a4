// SHA-256, as lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace lectern {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const void* data, std::size_t bytes);
  void update(std::string_view text) { update(text.data(), text.size()); }
  std::string finish();  // 64 digits; the object starts afresh

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view data);
// Throws Fault when the file cannot be read.
std::string sha256_file(const std::filesystem::path& file);

}  // namespace lectern
