// What every submit goes through, whoever it comes from: read (defaults filled in, every field checked, documents cut),
// settled among the other jobs, added.
#pragma once

#include <string>

#include "broker/lexicon_shelf.h"
#include "broker/model_shelf.h"
#include "broker/protocol/messages.h"
#include "broker/publish/folder_listing.h"
#include "broker/store/store.h"
#include "config/script_settings.h"
#include "config/settings.h"

namespace lectern {

// A client-made id: 8 to 64 letters, digits or dashes.
bool is_id(const std::string& id);

class Intake {
 public:
  Intake(Store& store, ModelShelf& models, const Paths& paths, const Settings& settings)
      : store_(store),
        models_(models),
        settings_(settings),
        usual_delivery_(to_json(settings.delivery).dump()),
        lexicons_(paths.lexicon()) {}

  struct Checked {
    NewJob job;
    SoundSettings sound;
    std::string warning = {};  // what of the lexicon this model cannot speak; empty: nothing
    // Of scripts that were cut already, as in CutScript.
    protocol::Json left_out = protocol::Json::object();
    std::vector<std::string> skippable = {};
    // For settle().
    Delivery delivery = {};
    std::string after = {};
  };
  // What else speaks for a script of a watched folder.
  struct Around {
    ScriptSettings folder;  // weaker than the script's front matter
    ScriptSettings beside;  // stronger than it: NAME.yaml
  };
  // Changes nothing; safe on any thread. Throws Fault naming the field, voice, model or folder that is wrong. `script` is
  // the file's bytes. The submit stands over what lies beside the script, that over its front matter, that over its
  // folder, that over the settings.
  Checked read(const protocol::Submit& submit, std::string script, const Around& around = {});
  // Whether read() may take so long that others should not have to wait for it.
  static bool reads_long(const protocol::Submit& submit, const std::string& script);
  // Fills in what depends on other jobs: the one that it waits for, and the final name of its output.
  void settle(Checked& checked);
  // The same for a model and its voice alone; empty words and 0 mean the defaults.
  void check_sound(const std::string& model, const std::string& voice, double speed);
  // The job's script in segments. Throws Fault as cut_script() does. Safe on any thread.
  CutScript cut(const NewJob& job, const SoundSettings& sound) const;
  // Adds the job to the open transaction, or finds the one of that id.
  Store::Added add(const NewJob& job);

 private:
  When when(const protocol::Submit& submit, const std::string& window) const;

  Store& store_;
  ModelShelf& models_;
  const Settings& settings_;
  const std::string usual_delivery_;  // the settings' as jobs hold it
  LexiconShelf lexicons_;
  publish::FolderListing outputs_;  // for settle()
};

}  // namespace lectern
