// The names of what a job puts out: audio, sidecar, and what is staged for them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lectern::publish {

inline constexpr std::size_t kNameBytes = 255;  // the longest name of a file

// At most `bytes` of UTF-8 text, no character cut in two.
std::string cut_text(std::string text, std::size_t bytes);

// "STEM (number).EXT"; `target` itself for 1. A stem too long for a name is cut.
std::filesystem::path numbered_name(const std::filesystem::path& target, unsigned number);
// "STEM.json" beside the audio; a stem too long for a name is cut.
std::filesystem::path sidecar_name(const std::filesystem::path& audio);
// The audio among `target` and its numbered names whose sidecar has that file name, if any.
std::optional<std::filesystem::path> audio_of_sidecar(const std::filesystem::path& target, const std::string& sidecar);

// Hidden names beside the target that the job's id fixes.
std::filesystem::path staged_audio_name(const std::filesystem::path& folder, const std::string& job_id);
std::filesystem::path staged_sidecar_name(const std::filesystem::path& folder, const std::string& job_id);

}  // namespace lectern::publish
