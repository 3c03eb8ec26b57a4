// Voices from recordings. What has to do with samples and networks is done by lectern-engine, which is asked and ends:
// the command line stays small.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/catalogue.h"
#include "config/recorded_voice.h"
#include "config/settings.h"

namespace lectern::cli {

struct VoiceWish {
  std::filesystem::path recording;
  std::string model;  // for which conditionals are made at once; empty: the one that would be used
  std::optional<double> start_s, length_s;  // the part to use; without them the best stretch is chosen
  bool as_is = false;                       // the file is one that was exported
};

struct MadeVoice {
  nlohmann::json examination;  // as `lectern-engine voice` prints it
  std::string model;           // that the voice is ready for; empty: none is installed
};

class VoiceMaking {
 public:
  VoiceMaking(const Paths& paths, const Settings& settings);

  // Looks at a recording; writes nothing. Throws Fault when it is not there or is no audio.
  MadeVoice examine(const VoiceWish& wish) const;
  // Makes a voice of it under that name, whole or not at all. Throws Fault also when the name is taken or cannot be
  // one, when the recording will not do (with every reason), and when the wished model does not clone voices.
  MadeVoice add(const std::string& name, const VoiceWish& wish) const;
  // The name of a voice made of that file; it is added under its hash when it is new. `model`: empty is the setting.
  std::string inline_voice(const std::filesystem::path& recording, const std::string& model) const;

  // Throws Fault when a voice of that name is there, or a model has one.
  void check_free(const std::string& name) const;
  // The model that would speak a recorded voice: the wished one, that of the settings, the first that is installed.
  // nullptr: none. Throws Fault for a wished one that is unknown, not installed or does not clone voices.
  const CatalogueModel* cloning_model(const std::string& wished) const;
  const Catalogue& catalogue() const { return catalogue_; }

 private:
  nlohmann::json ask_engine(const VoiceWish& wish, const std::filesystem::path& folder,
                            const CatalogueModel* model) const;

  const Paths paths_;
  const Settings settings_;
  const Catalogue catalogue_;
};

// Whether a voice is given as a file: "clips/anna.wav", "anna.mp3".
bool names_recording(const std::string& voice);

}  // namespace lectern::cli
