// Who speaks: from the name that a user gives to a voice of a model: one of the model's own, a blend of them, or one
// that the user made from a recording.
#pragma once

#include <string>

#include "config/catalogue.h"

namespace lectern {

struct VoiceChoice {
  std::string name;       // as the engine knows it
  std::string spoken_as;  // for the text front end: "en-us", ...
  std::string hash;       // of what makes its sound; part of a take's key
};

// `wished`: empty is the model's default. Throws Fault(not_found) for a voice that is nowhere, or that the installed
// model lacks ("no voice loaded"), and Fault(bad_input) for one that this model cannot use: of another model, of a
// language that is not served, made from a recording when the model does not clone voices.
VoiceChoice choose_voice(const Paths& paths, const Catalogue& catalogue, const CatalogueModel& model,
                         const InstalledModel& installed, const std::string& wished);

// What makes the sound besides text, speed and seed. Two machines whose digests are equal speak alike.
std::string sound_digest(const CatalogueModel& model, const InstalledModel& installed, const VoiceChoice& voice,
                         const std::string& precision);

}  // namespace lectern
