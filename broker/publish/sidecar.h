// NAME.json beside the audio: which range of the script is heard when, and what made it.
//
//   {"schema": "lectern-sidecar", "version": 1, "job_id": ..., "made_from": ...,
//    "edition": 0 and more by each redo, "replaces": SHA-256 of the audio of the edition before, if any,
//    "audio": "NAME.flac", "sha256": ..., "bytes": ..., "format": "flac", "sample_rate_hz": ..., "seconds": ..., "peak": ..., "gain": ...,
//    "loudness": {"preset", "integrated_lufs", "range_lu", "true_peak_dbtp", "rms_db", "noise_floor_db", "gain_db",
//    "limited_db", "misses": [...]}, "facts": {...},
//    "files": [{"kind": "audio", "name", "sha256", "bytes", "seconds", "title"}, {"kind": "srt", ...}, ...],
//    "chapters": [{"title", "segment", "start_s"}, ...],
//    "segments": [{"index", "begin", "end", "text", "start_s", "duration_s", "pause_s", "take", "seed", "notes",
//    "voice" when it is not the job's, "edited" when the text is not the script's}, ...],
//    "unspoken": [{"begin", "end", "reason"}, ...]: between segments, and what a segment's own range holds and is not
//    heard (markup, tags of other models),
//    "coverage": {"complete": true, "problems": []}: whether segments and unspoken are proved to be all of the script,
//    "seal": ...}
//
// begin and end count code points of the script. start_s, duration_s (of speech) and pause_s are frames divided by the
// sample rate: times the rate and rounded they are exact to the sample. peak is of the samples as they went into the
// encoder, gain what they were multiplied with before the limiter; the figures of loudness are of the same samples, and
// -120 stands for silence. made_from is a hash of all that shaped the work: another publish of the same job with the same
// one is the same work; replaces is the hash of the audio that this one replaced. The seal (config/seal.h) tells whether
// the sidecar is as it was written.
//
// A work by chapters has it as sidecar.json in its folder: without audio, sha256 and bytes, and each segment says under
// "file" in which of the files it is heard; its start_s counts from the beginning of that file.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/publish/publisher.h"
#include "broker/publish/render.h"
#include "broker/publish/timeline.h"

namespace lectern::publish {

struct PublishedFile {
  std::string kind;  // audio, or a kind of subtitles
  std::string name, sha256;
  std::uint64_t bytes = 0;
  double seconds = 0;  // of audio
  std::string title = {};
};

// What the sidecar says of the finished work.
struct WorkFacts {
  std::string made_from, format;
  std::string replaces;  // SHA-256 of the audio that has the name until this one takes it; empty: none
  int sample_rate_hz = 0;
  double seconds = 0;
  Rendered rendered;
  std::vector<PublishedFile> files;
};

// A hash of all that shapes the work.
std::string made_from(const PublishRequest& request);

std::string write_sidecar(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts,
                          const WorkFacts& facts);

// Whether the file is a sidecar of Lectern's, of any job, and describes that audio.
bool describes(const std::filesystem::path& sidecar, const std::filesystem::path& audio);
// The files that a sidecar of Lectern's names; empty when it is none.
std::vector<PublishedFile> files_of(const std::filesystem::path& sidecar);

struct EarlierSidecar {
  std::filesystem::path sidecar, audio;  // audio: the name that belongs to it, whether it stands or not
  std::string made_from, replaces;
  double seconds = 0, peak = 0;
  std::vector<PublishedFile> files;
};
// The job's own sidecars under the names that `target` may have led to. Files of others, and unreadable ones, are
// passed over; throws Fault when the folder cannot be listed.
std::vector<EarlierSidecar> earlier_sidecars(const std::filesystem::path& target, const std::string& job_id);
// The job's own sidecar in a folder of chapters; nothing when there is none.
std::optional<EarlierSidecar> folder_sidecar(const std::filesystem::path& folder, const std::string& job_id);

}  // namespace lectern::publish
