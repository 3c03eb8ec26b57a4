#include "config/seal.h"

#include "config/sha256.h"

namespace lectern {
namespace {

constexpr std::string_view kStart = ",\n \"seal\": \"", kEnd = "\"\n}\n";
constexpr std::size_t kDigest = 64;

}  // namespace

std::string sealed(std::string_view object) {
  std::string text(object.substr(0, object.rfind('}')));
  text.resize(text.find_last_not_of(" \n") + 1);
  const std::string digest = sha256(text);
  return text.append(kStart).append(digest).append(kEnd);
}

bool seal_holds(std::string_view text) {
  constexpr std::size_t kSeal = kStart.size() + kDigest + kEnd.size();
  if (text.size() < kSeal || text.substr(text.size() - kEnd.size()) != kEnd) return false;
  const std::string_view before = text.substr(0, text.size() - kSeal), seal = text.substr(before.size());
  return seal.substr(0, kStart.size()) == kStart && seal.substr(kStart.size(), kDigest) == sha256(before);
}

}  // namespace lectern
