#include "config/sha256.h"

#include <nettle/sha2.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "config/fault.h"

namespace lectern {

struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }
Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t bytes) {
  sha256_update(&state_->context, bytes, static_cast<const std::uint8_t*>(data));
}

std::string Sha256::finish() {
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&state_->context, digest.size(), digest.data());  // also starts afresh
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string sha256(std::string_view data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

std::string sha256_file(const std::filesystem::path& file) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rbe"), &std::fclose);
  if (!in) throw system_fault("cannot read " + file.string(), errno);
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), in.get())) hash.update(buffer.data(), got);
  if (std::ferror(in.get())) throw system_fault("cannot read " + file.string(), errno);
  return hash.finish();
}

}  // namespace lectern
