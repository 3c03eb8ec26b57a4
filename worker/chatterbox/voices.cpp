#include "worker/chatterbox/voices.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "config/fault.h"
#include "config/sha256.h"
#include "worker/chatterbox/conds.h"
#include "worker/chatterbox/punc_norm.h"
#include "worker/chatterbox/t3_decoder.h"
#include "worker/weights/safetensors.h"

namespace lectern::chatterbox {

namespace {

namespace fs = std::filesystem;
using Facts = std::map<std::string, std::string>;

constexpr char kSource[] = "conds_sha256", kPace[] = "tokens_per_character.";

constexpr const char* kPaceSentences[] = {
    "The train left the station early in the morning.", "She asked him to close the door behind her.",
    "Nobody knew how long the winter would last.", "He wrote three letters and posted two of them."};
constexpr double kSlowestBelievable = 4, kFastestBelievable = 0.8;  // tokens a character

// The voice and what is noted beside it.
struct Kept {
  Conditionals conds;
  Facts facts;
};

// What conds.safetensors notes; nothing unless it was made from this conds.pt (empty hash: whatever it was made from).
std::optional<Facts> facts_of(const fs::path& converted, const std::string& source) try {
  if (!fs::exists(converted)) return std::nullopt;
  Facts facts = weights::SafetensorsFile(converted).metadata();
  if (!source.empty() && facts[kSource] != source) return std::nullopt;
  return facts;
} catch (const Fault& fault) {
  if (source.empty()) throw;
  spdlog::warn("{}; it is made again", fault.what());
  return std::nullopt;
}

Kept read_built_in(const fs::path& published, const fs::path& converted) {
  const std::string source = fs::exists(published) ? sha256_file(published) : "";
  if (auto facts = facts_of(converted, source)) return {Conditionals::load(converted), std::move(*facts)};
  return {Conditionals::load(published), {{kSource, source}}};
}

void keep(const Kept& voice, const fs::path& converted) try {
  voice.conds.save(converted, voice.facts);
} catch (const std::exception& error) {  // a folder that may only be read
  spdlog::info("{} is not kept: {}", converted.string(), error.what());
}

}  // namespace

Voices::Voices(fs::path folder, const VoiceReaders& readers) : folder_(std::move(folder)), readers_(readers) {}

bool Voices::has_built_in() const {
  return fs::exists(folder_ / "conds.pt") || fs::exists(folder_ / "conds.safetensors");
}

const LoadedVoice& Voices::find(const std::string& name) {
  if (const auto found = loaded_.find(name); found != loaded_.end()) return found->second;
  if (name != kBuiltInVoice) {
    throw Fault(Exit::not_found, "no voice loaded: the model has no voice '" + name + "'",
                std::string("its own is called '") + kBuiltInVoice + "'");
  }
  if (!has_built_in()) {
    throw Fault(Exit::not_found, "no voice loaded: " + folder_.string() + " has no conds.pt, the model's own voice",
                "fetch it: lectern model pull " + folder_.filename().string());
  }
  return loaded_.emplace(name, load_built_in()).first->second;
}

LoadedVoice Voices::load_built_in() const {
  const fs::path converted = folder_ / "conds.safetensors";
  Kept kept = read_built_in(folder_ / "conds.pt", converted);
  const auto& [t3, gen] = kept.conds;
  LoadedVoice voice{.prefix = readers_.t3.prefix(t3.speaker_emb, t3.prompt()),
                    .timbre = readers_.s3gen.voice({gen.prompt_token, gen.prompt_feat, gen.embedding}, kBuiltInVoice),
                    .pace = {}};
  std::string& pace = kept.facts[kPace + readers_.precision];
  if (!pace.empty()) {
    const double known = std::strtod(pace.c_str(), nullptr);
    if (known >= kFastestBelievable && known <= kSlowestBelievable) voice.pace = {known, true};
    return voice;
  }
  voice.pace = learn_pace(readers_.t3, readers_.tokenizer, voice.prefix);
  pace = voice.pace.learned ? std::to_string(voice.pace.tokens_per_character) : "unknown";
  spdlog::info("voice '{}' speaks {} tokens a character", kBuiltInVoice, pace);
  keep(kept, converted);
  return voice;
}

Pace learn_pace(const T3& t3, const Tokenizer& tokenizer, const std::shared_ptr<const VoicePrefix>& prefix) {
  constexpr int64_t kSlots = std::size(kPaceSentences), kCapacity = 512;
  T3Decoder decoder(t3, kSlots, kCapacity, prefix->length);
  for (int64_t i = 0; i < kSlots; ++i) {
    const std::string text = punc_norm(kPaceSentences[i]);
    decoder.admit({.ticket = static_cast<std::uint64_t>(i),
                   .prefix = prefix,
                   .text_tokens = tokenizer.encode(text),
                   .sampling = {},
                   .seed = static_cast<std::uint64_t>(i),
                   .most_tokens = band_of(length_of(text, {}), {}).cap(),
                   .draws = nullptr});
  }
  std::vector<double> found;
  for (bool more = true; more;) {
    more = !decoder.idle();
    for (const SpeechTokens& spoken : decoder.step()) {
      const auto characters = static_cast<double>(length_of(kPaceSentences[spoken.ticket], {}).characters);
      const double pace = static_cast<double>(spoken.tokens.size()) / characters;
      if (spoken.stopped && pace >= kFastestBelievable && pace <= kSlowestBelievable) found.push_back(pace);
    }
  }
  if (found.size() + 1 < std::size(kPaceSentences)) return {};
  std::sort(found.begin(), found.end());
  return {(found[(found.size() - 1) / 2] + found[found.size() / 2]) / 2, true};
}

}  // namespace lectern::chatterbox
