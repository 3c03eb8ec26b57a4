// What the broker knows of models: the catalogue, what of it is installed, and whether the files are still whole.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "broker/cutting.h"
#include "config/catalogue.h"
#include "config/settings.h"

namespace lectern {

// Thread-safe.
class ModelShelf {
 public:
  ModelShelf(const Paths& paths, const Settings& settings);

  const CatalogueModel& model(const std::string& name) const { return catalogue_.model(name); }
  const std::vector<CatalogueModel>& models() const { return catalogue_.models(); }
  // All that shapes the sound of a job in this model and voice. Throws Fault for an unknown model or voice, and when
  // the model is not installed. Looks at the files' sizes at most once a second.
  SoundSettings sound(const std::string& model, const std::string& voice, double speed);
  // sound_digest() of the model and voice here; throws as sound() does.
  std::string digest(const std::string& model, const std::string& voice);
  // Hashes the model's files unless they are unchanged since they were found whole. Throws Fault(bad_input) naming the
  // damaged file, its hash and the mend.
  void verify(const std::string& model);

 private:
  struct Installed {
    InstalledModel files;
    std::string hash;                             // of all of them
    std::map<std::string, SoundSettings> voices;  // that were asked for, of the model's own
  };
  struct Seen {
    std::int64_t at_ms = 0;
    std::shared_ptr<Installed> installed;
    std::string fingerprint;  // sizes and times of the files when they were found whole
  };
  std::shared_ptr<Installed> installed(const CatalogueModel& model);
  SoundSettings sound(const CatalogueModel& model, const Installed& installed, const std::string& voice) const;

  const Paths paths_;
  const Settings settings_;
  const Catalogue catalogue_;
  std::mutex mutex_;
  std::map<std::string, Seen> seen_;
};

}  // namespace lectern
