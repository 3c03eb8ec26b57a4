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
// The same of a folder, whose name has no extension.
std::filesystem::path numbered_folder(const std::filesystem::path& target, unsigned number);
// Whether that is the file name of the folder or of a numbered one.
bool is_numbered_folder(const std::filesystem::path& target, const std::string& name);
// "STEM.json" beside the audio; a stem too long for a name is cut.
std::filesystem::path sidecar_name(const std::filesystem::path& audio);
// The audio among `target` and its numbered names whose sidecar has that file name, if any.
std::optional<std::filesystem::path> audio_of_sidecar(const std::filesystem::path& target, const std::string& sidecar);

// What describes a finished work, a file or a folder of chapters, at the place where it stands.
std::filesystem::path sidecar_of(const std::filesystem::path& output);
inline constexpr const char* kFolderSidecar = "sidecar.json";

// "STEM" + extension beside the audio, as subtitles are called.
std::filesystem::path name_beside(const std::filesystem::path& audio, const std::string& extension);

// A hidden name beside the target that the job's id fixes; `what` it is: "audio", "json", "srt", "chapters".
std::filesystem::path staged_name(const std::filesystem::path& folder, const std::string& job_id,
                                  const std::string& what);

// "03 Down the Rabbit-Hole.flac": a name that every file system takes, in the order of its number.
std::string chapter_name(std::size_t number, std::size_t of, const std::string& title, const std::string& extension);

}  // namespace lectern::publish
