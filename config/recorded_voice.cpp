#include "config/recorded_voice.h"

#include <algorithm>
#include <cctype>

#include "config/fault.h"
#include "config/file.h"

namespace lectern {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kLongestName = 64;

bool is_name(const std::string& name) {
  if (name.empty() || name.size() > kLongestName || name[0] == '.' || name[0] == '-') return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c >= 0x80 || c == '_' || c == '-' || c == '.'; });
}

}  // namespace

void check_voice_name(const std::string& name) {
  if (is_name(name)) return;
  throw Fault(Exit::usage, "'" + name + "' cannot name a voice",
              "use up to 64 letters, digits, '_', '-' and '.', as in anna or anna_2");
}

RecordedVoice read_recorded_voice(const fs::path& folder) try {
  const json record = json::parse(read_file(folder / kVoiceRecord));
  return {folder.filename().string(), record.at("recording_sha256"), record.at("source"), record.at("added_ms"),
          record.at("examination")};
} catch (const json::exception& e) {
  throw Fault(Exit::bad_input, (folder / kVoiceRecord).string() + " is damaged: " + e.what(),
              "remove the voice and add it again: lectern voice remove " + folder.filename().string());
}

void write_recorded_voice(const fs::path& folder, const RecordedVoice& voice) {
  const json record = {{"recording_sha256", voice.recording_sha256},
                       {"source", voice.source},
                       {"added_ms", voice.added_ms},
                       {"examination", voice.examination}};
  write_file(folder / kVoiceRecord, record.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<RecordedVoice> recorded_voice(const Paths& paths, const std::string& name) {
  std::error_code none;
  if (!is_name(name) || !fs::exists(paths.voice(name) / kVoiceRecord, none)) return std::nullopt;
  return read_recorded_voice(paths.voice(name));
}

std::vector<RecordedVoice> recorded_voices(const Paths& paths, std::vector<Fault>* damaged) {
  std::vector<RecordedVoice> voices;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(paths.voices(), none)) {
    if (!entry.is_directory(none) || !is_name(entry.path().filename().string())) continue;
    try {
      voices.push_back(read_recorded_voice(entry.path()));
    } catch (const Fault& fault) {
      if (damaged != nullptr) damaged->push_back(fault);
    }
  }
  std::sort(voices.begin(), voices.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return voices;
}

}  // namespace lectern
