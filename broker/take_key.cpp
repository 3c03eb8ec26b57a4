#include "broker/take_key.h"

#include <fmt/format.h>

#include "config/sha256.h"

namespace lectern {
namespace {

// Each part with its length before it, so that no two lists of parts read the same.
void add_part(Sha256& hash, std::string_view part) {
  hash.update(std::to_string(part.size()) + ":");
  hash.update(part);
}

}  // namespace

std::string take_key(const SoundSettings& sound, std::string_view spoken, std::uint64_t seed) {
  Sha256 hash;
  for (const std::string& part :
       {std::string("lectern-take-1"), sound.model, sound.model_hash, std::to_string(sound.revision), sound.voice,
        sound.voice_hash, sound.precision, fmt::format("{:.6f}", sound.speed), std::to_string(seed)})
    add_part(hash, part);
  add_part(hash, spoken);
  return hash.finish();
}

std::string derived_key(const std::string& take, std::string_view part) {
  Sha256 hash;
  add_part(hash, take);
  add_part(hash, part);
  return hash.finish();
}

std::uint64_t segment_seed(std::uint64_t job_seed, std::string_view spoken) {
  Sha256 hash;
  add_part(hash, std::to_string(job_seed));
  add_part(hash, spoken);
  return std::stoull(hash.finish().substr(0, 16), nullptr, 16) >> 1;  // SQLite's integers are signed
}

}  // namespace lectern
