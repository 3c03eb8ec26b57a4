// Conditionals are made once and kept as safetensors; what they were made from stands in the file's header, so that
// others are made as soon as it changes.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "worker/chatterbox/conds.h"

namespace lectern::chatterbox {

using Facts = std::map<std::string, std::string>;

struct KeptConditionals {
  Conditionals conds;
  Facts facts;  // what they were made from, and what was learned of the voice since
  std::filesystem::path file;

  // Writes them; where that cannot be done, says so in the log.
  void keep() const;
};

}  // namespace lectern::chatterbox

namespace lectern::chatterbox::enrolment {

// Those of a voice made from a recording (config/recorded_voice.h) for the model in `model_folder`:
// VOICE/MODEL.safetensors when it was made from this recording by these model files, else they are made now and kept;
// damaged ones too. Loads the networks of enrolment for as long as it takes. Throws Fault naming the voice whose
// recording is damaged, or what is wrong with the model's files.
KeptConditionals kept_conditionals(const std::filesystem::path& voice_folder,
                                   const std::filesystem::path& model_folder);

}  // namespace lectern::chatterbox::enrolment
