// NAME.json beside the audio: which range of the script is heard when, and what made it.
//
//   {"schema": "lectern-sidecar", "version": 1, "job_id": ..., "audio": "NAME.flac", "sha256": ..., "bytes": ...,
//    "edition": 0 and more by each redo, "replaces": SHA-256 of the audio of the edition before, if any,
//    "format": "flac", "sample_rate_hz": ..., "seconds": ..., "peak": ..., "gain": ..., "facts": {...},
//    "segments": [{"index", "begin", "end", "text", "start_s", "duration_s", "pause_s", "take", "seed", "notes",
//    "voice" when it is not the job's, "edited" when its text is not the script's any more}, ...],
//    "unspoken": [{"begin", "end", "reason"}, ...],
//    "coverage": {"complete": true, "problems": []}: whether segments and unspoken are proved to be all of the script,
//    "seal": ...}
//
// begin and end count code points of the script. start_s, duration_s (of speech) and pause_s are frames divided by the
// sample rate: times the rate and rounded they are exact to the sample. peak is of the samples as they went into the
// encoder, gain what they were multiplied with. The seal (config/seal.h) tells whether the sidecar is as it was written.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/publish/publisher.h"
#include "broker/publish/timeline.h"

namespace lectern::publish {

// What the sidecar says of the encoded file.
struct AudioFacts {
  std::string sha256, format;
  std::uint64_t bytes = 0;
  int sample_rate_hz = 0;
  double seconds = 0, peak = 0, gain = 1;
  std::string replaces;  // SHA-256 of the audio that this one takes the place of; empty: none
};

std::string write_sidecar(const PublishRequest& request, const Timeline& timeline, const AudioFacts& facts,
                          const std::filesystem::path& audio);

// Whether the file is a sidecar of Lectern's, of any job, and describes that audio.
bool describes(const std::filesystem::path& sidecar, const std::filesystem::path& audio);

struct EarlierSidecar {
  std::filesystem::path sidecar, audio;  // audio: the name that belongs to it, whether it stands or not
  AudioFacts facts;
  std::uint64_t edition = 0;
};
// The job's own sidecars under the names that `target` may have led to. Files of others, and unreadable ones, are
// passed over; throws Fault when the folder cannot be listed.
std::vector<EarlierSidecar> earlier_sidecars(const std::filesystem::path& target, const std::string& job_id);

// What the job itself published under that name, or was about to, and nobody changed since.
struct Former {
  std::string sha256;   // of the audio; empty: it is gone
  std::string sidecar;  // its text
};
std::optional<Former> find_former(const std::filesystem::path& audio, const std::string& job_id);

}  // namespace lectern::publish
