// What speaks: the files of models, the default voice, the recordings that voices were made of.
#include <fmt/format.h>

#include "cli/checkup/checkup.h"
#include "cli/model_pull.h"
#include "config/quantity.h"
#include "config/fault.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "config/voice_choice.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

bool is_voice_file(const std::string& path) { return path.rfind("voices/", 0) == 0; }

}  // namespace

const CatalogueModel* Checkup::default_model() const {
  if (catalogue_)
    for (const CatalogueModel& model : catalogue_->models())
      if (model.name == settings_.model) return &model;
  return nullptr;
}

// The files of an installed model; a missing voice is the voice check's.
void Checkup::files_of(const CatalogueModel& model, Level level) {
  const std::string mend = "lectern model pull " + model.name;
  const fs::path folder = paths_.model(model.name);
  const auto missing = [&](const std::string& what) {
    add(level, "model-files-missing", "model files not found: " + folder.string() + what, mend);
  };
  const auto installed = installed_model(paths_, model);
  if (!installed) return missing("");
  const std::size_t before = findings_.size();
  std::uint64_t bytes = 0;
  for (const InstalledFile& file : installed->files) {
    std::error_code failed;
    const std::uintmax_t found = fs::file_size(folder / file.path, failed);
    bytes += file.bytes;
    if (failed && !is_voice_file(file.path)) missing(" has no " + file.path);
    if (!failed && found != file.bytes)
      add(level, "model-files-damaged",
          fmt::format("{} has {} bytes, not {}", (folder / file.path).string(), found, file.bytes), mend);
  }
  if (!clean(before)) return;
  std::vector<std::string> damaged;
  if (full_)
    for (const Damage& damage : find_damage(paths_, model, *installed))
      if (!damage.actual.empty() || !is_voice_file(damage.path)) damaged.push_back((folder / damage.path).string());
  if (!damaged.empty())
    add(level, "model-files-damaged",
        damaged.front() + (damaged.size() > 1 ? fmt::format(" and {} more are", damaged.size() - 1) : " is") +
            " not as published",
        mend);
  if (clean(before))
    ok(fmt::format("{}: {}, {}, {}", model.name, count(installed->files.size(), "file"), size_of(bytes),
                   full_ ? "each as published" : "each of its size (--full reads them)"));
}

void Checkup::model() {
  if (!catalogue_) return;
  const CatalogueModel* chosen = default_model();
  try {
    if (!chosen) catalogue_->model(settings_.model);
  } catch (const Fault& fault) {
    error("model-unknown", std::string(fault.what()) + " in config.yaml", fault.hint());
  }
  for (const CatalogueModel& model : catalogue_->models()) {
    const bool is_default = &model == chosen;
    if (model.built_in) {
      if (is_default) ok(model.name + " is built in");
      continue;
    }
    std::error_code none;
    if (!is_default && !fs::exists(paths_.model(model.name), none)) continue;
    try {
      files_of(model, is_default ? Level::error : Level::warning);
    } catch (const Fault& fault) {  // an unreadable record
      add(is_default ? Level::error : Level::warning, "model-files-damaged", fault.what(), fault.hint());
    }
  }
}

void Checkup::voice() {
  const CatalogueModel* model = default_model();
  if (!model) return;
  const std::size_t before = findings_.size();
  std::optional<InstalledModel> installed;
  try {
    installed = installed_model(paths_, *model);
  } catch (const Fault&) {  // the model's check says it
  }
  std::string voice;
  try {
    const bool own = settings_.voice.empty() || model->find_voice(settings_.voice) != nullptr;
    voice = own ? require_voice(*model, settings_.voice).name
                : choose_voice(paths_, *catalogue_, *model, installed.value_or(InstalledModel{}), settings_.voice).name;
  } catch (const Fault& fault) {
    error("no-voice", std::string("no voice loaded: ") + fault.what(), fault.hint());
  }
  std::size_t voices = 0, missing = 0;
  std::string first;
  for (const InstalledFile& file : installed ? installed->files : std::vector<InstalledFile>{}) {
    if (!is_voice_file(file.path)) continue;
    ++voices;
    std::error_code none;
    const fs::path path = paths_.model(model->name) / file.path;
    if (fs::exists(path, none)) continue;
    if (missing++ == 0) first = path.string();
  }
  if (missing > 0)
    error("voice-file-missing",
          "voice file not found: " + first + (missing > 1 ? fmt::format(" and {} more", missing - 1) : ""),
          "lectern model pull " + model->name);
  if (clean(before))
    ok(fmt::format("{} of {}{}", voice, model->name, installed ? "" : ", which is not installed"));
}

// A voice whose recording is gone may still speak, from what was computed of it; it cannot be made again.
void Checkup::recordings() {
  const std::size_t before = findings_.size();
  std::vector<Fault> damaged;
  const auto voices = recorded_voices(paths_, &damaged);
  for (const Fault& fault : damaged) warning("voice-file-damaged", fault.what(), fault.hint());
  for (const RecordedVoice& voice : voices) {
    const fs::path recording = paths_.voice(voice.name) / kVoiceRecording;
    const std::string mend = fmt::format("lectern voice remove {0}, then lectern voice add {0} RECORDING ({1})", voice.name,
                                         voice.source);
    std::error_code none;
    if (!fs::is_regular_file(recording, none))
      warning("voice-file-missing", "voice file not found: " + recording.string(), mend);
    else if (full_ && sha256_file(recording) != voice.recording_sha256)
      warning("voice-file-damaged", recording.string() + " is not what the voice was made of", mend);
  }
  if (clean(before) && !voices.empty())
    ok(count(voices.size(), "voice") + (full_ ? ", each recording as it was" : ", each with its recording"));
}

}  // namespace lectern::cli
