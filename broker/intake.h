// What every submit goes through, whoever it comes from: defaults filled in, every field checked, the output's final
// name.
#pragma once

#include <string>

#include "broker/model_shelf.h"
#include "broker/protocol/messages.h"
#include "broker/store.h"
#include "config/settings.h"

namespace lectern {

class Intake {
 public:
  Intake(Store& store, ModelShelf& models, const Settings& settings)
      : store_(store), models_(models), settings_(settings) {}

  struct Checked {
    NewJob job;
    SoundSettings sound;
  };
  // Changes nothing. Throws Fault naming the field, voice, model or folder that is wrong. `script` is the file's bytes.
  Checked check(const protocol::Submit& submit, std::string script);
  // Adds the job to the open transaction, or finds the one of that id.
  Store::Added add(const NewJob& job);

 private:
  When when(const protocol::Submit& submit);
  std::string final_output(const NewJob& job);

  Store& store_;
  ModelShelf& models_;
  const Settings& settings_;
};

}  // namespace lectern
