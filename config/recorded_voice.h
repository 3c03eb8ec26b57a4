// The voices that users made from recordings, in the data folder: voices/NAME/ holds `recording.flac` (what the voice
// is made of: mono, 24 kHz, at most a few seconds), `voice.json` (what it came from), and for each model that used it
// MODEL.safetensors (what the networks know of it, which can always be made again).
//
// A folder appears under its name whole, in one rename. A voice is known by its recording's SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/fault.h"
#include "config/paths.h"

namespace lectern {

inline constexpr char kVoiceRecord[] = "voice.json", kVoiceRecording[] = "recording.flac";

struct RecordedVoice {
  std::string name;
  std::string recording_sha256;  // of recording.flac
  std::string source;            // the file that it came from, for people
  std::int64_t added_ms = 0;
  nlohmann::json examination = nlohmann::json::object();  // what was measured, and which stretch was used
};

// Throws Fault(usage) with what a name may be made of.
void check_voice_name(const std::string& name);

// A voice by its folder. Throws Fault(bad_input) naming the record that cannot be read.
RecordedVoice read_recorded_voice(const std::filesystem::path& folder);
// Writes the record of a folder that has its recording.
void write_recorded_voice(const std::filesystem::path& folder, const RecordedVoice& voice);

// nullopt: there is none of that name.
std::optional<RecordedVoice> recorded_voice(const Paths& paths, const std::string& name);
// All of them by name. A folder that cannot be read is left out and told to `damaged`.
std::vector<RecordedVoice> recorded_voices(const Paths& paths, std::vector<Fault>* damaged = nullptr);

}  // namespace lectern
