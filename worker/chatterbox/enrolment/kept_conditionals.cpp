#include "worker/chatterbox/enrolment/kept_conditionals.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>

#include "config/catalogue.h"
#include "config/fault.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "worker/audio/recording.h"
#include "worker/audio/resample.h"
#include "worker/chatterbox/enrolment/enroller.h"
#include "worker/chatterbox/s3gen/checkpoint.h"
#include "worker/weights/safetensors.h"

namespace lectern::chatterbox {

void KeptConditionals::keep() const try {
  conds.save(file, facts);
} catch (const std::exception& error) {  // a folder that may only be read
  spdlog::info("{} is not kept: {}", file.string(), error.what());
}

}  // namespace lectern::chatterbox

namespace lectern::chatterbox::enrolment {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles[] = {s3gen::kCheckpointName, kVoiceEncoderName};

// Of the model files that enrolment reads. An installed model knows their hashes.
std::string files_hash(const fs::path& model_folder) {
  InstalledModel installed;
  if (fs::exists(model_folder / "installed.json")) installed = read_installed_model(model_folder);
  Sha256 hash;
  for (const char* file : kFiles) {
    const std::string known = installed.file_hash(file);
    hash.update((known.empty() ? sha256_file(model_folder / file) : known) + "\n");
  }
  return hash.finish();
}

bool same_source(const Facts& kept, const Facts& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = kept.find(key);
    if (found == kept.end() || found->second != value) return false;
  }
  return true;
}

// What is kept, if it was made from `source` and is whole.
std::optional<KeptConditionals> read_kept(const fs::path& file, const Facts& source) try {
  if (!fs::exists(file)) return std::nullopt;
  Facts facts = weights::SafetensorsFile(file).metadata();
  if (!same_source(facts, source)) return std::nullopt;
  return KeptConditionals{Conditionals::load(file), std::move(facts), file};
} catch (const Fault& fault) {
  spdlog::warn("{}; it is made again", fault.what());
  return std::nullopt;
}

Conditionals make(const RecordedVoice& voice, const fs::path& recording, const fs::path& model_folder) {
  if (!fs::exists(recording) || sha256_file(recording) != voice.recording_sha256) {
    throw Fault(Exit::bad_input, "voice '" + voice.name + "' is damaged: " + recording.string() + " is not what it was",
                "remove the voice and add it again: lectern voice remove " + voice.name);
  }
  const auto start = std::chrono::steady_clock::now();
  const audio::Recording read = audio::read_recording(recording);
  const auto samples = audio::resampled(read.samples, read.rate_hz, s3gen::kSampleRateHz);
  Conditionals conds = Enroller::load(model_folder)->prepare_conditionals(samples);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  spdlog::info("voice '{}' was made from its recording in {:.2f} s", voice.name, taken.count());
  return conds;
}

}  // namespace

KeptConditionals kept_conditionals(const fs::path& voice_folder, const fs::path& model_folder) {
  const RecordedVoice voice = read_recorded_voice(voice_folder);
  const fs::path file = voice_folder / (model_folder.filename().string() + ".safetensors");
  const Facts source = {{"recording_sha256", voice.recording_sha256},
                        {"model_files_sha256", files_hash(model_folder)},
                        {"enrolment_revision", std::to_string(kRevision)}};
  if (auto kept = read_kept(file, source)) return std::move(*kept);
  KeptConditionals made{make(voice, voice_folder / kVoiceRecording, model_folder), source, file};
  made.keep();
  return made;
}

}  // namespace lectern::chatterbox::enrolment
