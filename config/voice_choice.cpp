#include "config/voice_choice.h"

#include "config/fault.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "config/voice_blend.h"

namespace lectern {

namespace {

const CatalogueModel* owner_of(const Catalogue& catalogue, const std::string& voice) {
  for (const CatalogueModel& model : catalogue.models())
    if (model.find_voice(voice) != nullptr) return &model;
  return nullptr;
}

std::string cloning_models(const Catalogue& catalogue) {
  std::string names;
  for (const CatalogueModel& model : catalogue.models())
    if (model.clones_voices) names += (names.empty() ? "" : " or ") + model.name;
  return names;
}

VoiceChoice of_catalogue(const CatalogueModel& model, const InstalledModel& installed, const std::string& wished) {
  const CatalogueVoice& voice = require_voice(model, wished);
  require_voice_file(model, voice, installed);
  return {voice.name, voice.spoken_as, installed.file_hash(voice.file)};
}

VoiceChoice of_recording(const Catalogue& catalogue, const CatalogueModel& model, const RecordedVoice& voice) {
  if (!model.clones_voices)
    throw Fault(Exit::bad_input,
                "voice '" + voice.name + "' is made from a recording, which model " + model.name + " cannot use",
                "use --model " + cloning_models(catalogue));
  const CatalogueVoice* own = model.find_voice(model.default_voice);
  return {voice.name, own != nullptr ? own->spoken_as : "en-us", voice.recording_sha256};
}

// A blend speaks the language of the voice that counts most in it.
VoiceChoice of_blend(const CatalogueModel& model, const InstalledModel& installed, const std::string& wished) {
  if (model.engine != "kokoro")
    throw Fault(Exit::bad_input, "voice '" + wished + "': model " + model.name + " does not blend voices",
                "name one voice: lectern voice list --model " + model.name);
  auto parts = parse_blend(wished);
  VoiceChoice choice;
  double most = 0;
  Sha256 hash;
  for (const BlendPart& part : parts) {
    const VoiceChoice voice = of_catalogue(model, installed, part.voice);
    hash.update(voice.hash + "\n");
    if (part.weight <= most) continue;
    most = part.weight;
    choice.spoken_as = voice.spoken_as;
  }
  choice.name = blend_name(parts);
  choice.hash = hash.finish();
  return choice;
}

}  // namespace

VoiceChoice choose_voice(const Paths& paths, const Catalogue& catalogue, const CatalogueModel& model,
                         const InstalledModel& installed, const std::string& wished) {
  if (wished.empty() || model.find_voice(wished) != nullptr) return of_catalogue(model, installed, wished);
  if (const auto recorded = recorded_voice(paths, wished)) return of_recording(catalogue, model, *recorded);
  if (is_blend(wished)) return of_blend(model, installed, wished);
  if (const CatalogueModel* owner = owner_of(catalogue, wished))
    throw Fault(Exit::not_found, "model " + model.name + " has no voice '" + wished + "'; it is one of " + owner->name,
                "use --model " + owner->name + ", or choose another: lectern voice list --model " + model.name);
  return of_catalogue(model, installed, wished);  // throws, with what is near
}

std::string sound_digest(const CatalogueModel& model, const InstalledModel& installed, const VoiceChoice& voice,
                         const std::string& precision) {
  return sha256(model.name + "\n" + installed.hash() + "\n" + std::to_string(model.revision) + "\n" + voice.name + "\n" +
                voice.hash + "\n" + precision);
}

}  // namespace lectern
