#include "broker/model_shelf.h"

#include <sys/stat.h>

#include <algorithm>

#include "broker/clock.h"
#include "config/sha256.h"
#include "config/voice_choice.h"

namespace lectern {
namespace {

std::string fingerprint(const std::filesystem::path& folder, const InstalledModel& installed) {
  std::string text;
  for (const InstalledFile& file : installed.files) {
    struct stat status {};
    if (stat((folder / file.path).c_str(), &status) != 0) return {};
    text += file.path + " " + std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
            std::to_string(status.st_mtim.tv_nsec) + "\n";
  }
  return text;
}

}  // namespace

ModelShelf::ModelShelf(const Paths& paths, const Settings& settings)
    : paths_(paths), settings_(settings), catalogue_(Catalogue::load(settings.test_models)) {}

std::shared_ptr<ModelShelf::Installed> ModelShelf::installed(const CatalogueModel& model) {
  const std::int64_t now = SystemClock().monotonic_ms();
  std::lock_guard lock(mutex_);
  Seen& seen = seen_[model.name];
  if (seen.at_ms == 0 || now - seen.at_ms > 1000) {
    InstalledModel files = require_model(paths_, model);
    const std::string hash = files.hash();
    seen.installed = std::make_shared<Installed>(Installed{std::move(files), hash, {}});
    seen.at_ms = now;
  }
  return seen.installed;
}

std::string ModelShelf::digest(const std::string& name, const std::string& voice) {
  const CatalogueModel& entry = model(name);
  const auto there = installed(entry);
  return sound_digest(entry, there->files, choose_voice(paths_, catalogue_, entry, there->files, voice),
                      settings_.precision);
}

SoundSettings ModelShelf::sound(const std::string& name, const std::string& voice, double speed) {
  const CatalogueModel& entry = model(name);
  const bool own = voice.empty() || entry.find_voice(voice) != nullptr;
  if (own) require_voice(entry, voice);  // before what is installed
  const auto there = installed(entry);
  SoundSettings result;
  if (!own) {
    result = sound(entry, *there, voice);  // a recording may have been made anew
  } else {
    std::lock_guard lock(mutex_);
    auto known = there->voices.find(voice);
    if (known == there->voices.end()) known = there->voices.emplace(voice, sound(entry, *there, voice)).first;
    result = known->second;
  }
  result.speed = speed;
  return result;
}

SoundSettings ModelShelf::sound(const CatalogueModel& entry, const Installed& there, const std::string& voice) const {
  const VoiceChoice chosen = choose_voice(paths_, catalogue_, entry, there.files, voice);
  SoundSettings sound;
  sound.model = entry.name;
  sound.model_hash = there.hash;
  sound.voice = chosen.name;
  sound.voice_hash = chosen.hash;
  sound.language = chosen.spoken_as;
  sound.precision = settings_.precision;
  sound.revision = entry.revision;
  sound.sample_rate_hz = entry.sample_rate_hz;
  sound.max_segment_chars = static_cast<std::size_t>(entry.max_segment_chars);
  sound.phonemes = entry.phonemes;
  sound.tags = entry.tags;
  sound.join_fragments = entry.join_fragments;
  const auto holds = [](const auto& tags, const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  };
  for (const CatalogueModel& other : catalogue_.models())
    for (const std::string& tag : other.tags)
      if (!holds(entry.tags, tag) && !holds(sound.silent_tags, tag)) sound.silent_tags.push_back(tag);
  return sound;
}

void ModelShelf::verify(const std::string& name) {
  const CatalogueModel& entry = model(name);
  const InstalledModel files = require_model(paths_, entry);
  const auto folder = paths_.model(name);
  const std::string now = fingerprint(folder, files);
  {
    std::lock_guard lock(mutex_);
    if (!files.files.empty() && seen_[name].fingerprint == now) return;
  }
  for (const InstalledFile& file : files.files)
    if (const std::string hash = sha256_file(folder / file.path); hash != file.sha256)
      throw Fault(Exit::bad_input,
                  "model file " + (folder / file.path).string() + " is damaged: its SHA-256 is " + hash +
                      ", it should be " + file.sha256,
                  "fetch it again: lectern model pull " + name);
  std::lock_guard lock(mutex_);
  seen_[name].fingerprint = now;
}

}  // namespace lectern
