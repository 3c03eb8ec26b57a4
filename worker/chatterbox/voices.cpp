#include "worker/chatterbox/voices.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "config/fault.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "worker/chatterbox/conds.h"
#include "worker/chatterbox/punc_norm.h"
#include "worker/chatterbox/t3_decoder.h"
#include "worker/weights/safetensors.h"

namespace lectern::chatterbox {

namespace {

namespace fs = std::filesystem;
constexpr char kSource[] = "conds_sha256", kPace[] = "tokens_per_character.";
constexpr std::size_t kMostLoaded = 8;  // a voice of Turbo holds 74 MB

constexpr const char* kPaceSentences[] = {
    "The train left the station early in the morning.", "She asked him to close the door behind her.",
    "Nobody knew how long the winter would last.", "He wrote three letters and posted two of them."};
constexpr double kSlowestBelievable = 4, kFastestBelievable = 0.8;  // tokens a character

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

KeptConditionals read_built_in(const fs::path& published, const fs::path& converted) {
  const std::string source = fs::exists(published) ? sha256_file(published) : "";
  if (auto facts = facts_of(converted, source)) return {Conditionals::load(converted), std::move(*facts), converted};
  return {Conditionals::load(published), {{kSource, source}}, converted};
}

}  // namespace

Voices::Voices(fs::path model, fs::path recorded, const VoiceReaders& readers)
    : model_(std::move(model)), recorded_(std::move(recorded)), readers_(readers) {}

bool Voices::has_built_in() const {
  return fs::exists(model_ / "conds.pt") || fs::exists(model_ / "conds.safetensors");
}

std::shared_ptr<const LoadedVoice> Voices::find(const std::string& name) {
  const bool recorded = name != kBuiltInVoice && !recorded_.empty() && fs::exists(recorded_ / name / kVoiceRecord);
  const std::string recording = recorded ? read_recorded_voice(recorded_ / name).recording_sha256 : "";
  const auto same = [&](const Entry& entry) { return entry.name == name && entry.recording == recording; };
  if (const auto found = std::find_if(loaded_.begin(), loaded_.end(), same); found != loaded_.end()) {
    loaded_.splice(loaded_.begin(), loaded_, found);
    return found->voice;
  }
  auto voice = std::make_shared<const LoadedVoice>(recorded ? load_recorded(name) : load_own(name));
  loaded_.push_front({name, recording, voice});
  if (loaded_.size() > kMostLoaded) loaded_.pop_back();
  return voice;
}

LoadedVoice Voices::load_own(const std::string& name) const {
  if (name != kBuiltInVoice) {
    throw Fault(Exit::not_found, "no voice loaded: the model has no voice '" + name + "'",
                std::string("its own is called '") + kBuiltInVoice + "'; lectern voice list shows all");
  }
  if (!has_built_in()) {
    throw Fault(Exit::not_found, "no voice loaded: " + model_.string() + " has no conds.pt, the model's own voice",
                "fetch it: lectern model pull " + model_.filename().string());
  }
  return loaded(read_built_in(model_ / "conds.pt", model_ / "conds.safetensors"), name);
}

LoadedVoice Voices::load_recorded(const std::string& name) const {
  return loaded(enrolment::kept_conditionals(recorded_ / name, model_), name);
}

LoadedVoice Voices::loaded(KeptConditionals kept, const std::string& name) const {
  const auto& [t3, gen] = kept.conds;
  LoadedVoice voice{.prefix = readers_.t3.prefix(t3.speaker_emb, t3.prompt()),
                    .timbre = readers_.s3gen.voice({gen.prompt_token, gen.prompt_feat, gen.embedding}, name),
                    .pace = {}};
  std::string& pace = kept.facts[kPace + readers_.precision];
  if (!pace.empty()) {
    const double known = std::strtod(pace.c_str(), nullptr);
    if (known >= kFastestBelievable && known <= kSlowestBelievable) voice.pace = {known, true};
    return voice;
  }
  voice.pace = learn_pace(readers_.t3, readers_.tokenizer, voice.prefix);
  pace = voice.pace.learned ? std::to_string(voice.pace.tokens_per_character) : "unknown";
  spdlog::info("voice '{}' speaks {} tokens a character", name, pace);
  kept.keep();
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
