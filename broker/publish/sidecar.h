// NAME.json beside the audio: which range of the script is heard when, and what made it.
//
//   {"schema": "lectern-sidecar", "version": 1, "job_id": ..., "audio": "NAME.flac", "sha256": ..., "bytes": ...,
//    "format": "flac", "sample_rate_hz": ..., "seconds": ..., "peak": ..., "gain": ..., "facts": {...},
//    "segments": [{"index", "begin", "end", "text", "start_s", "duration_s", "pause_s", "take", "seed", "notes",
//    "voice" when it is not the job's}, ...],
//    "unspoken": [{"begin", "end", "reason"}, ...], "seal": ...}
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
};

std::string write_sidecar(const PublishRequest& request, const Timeline& timeline, const AudioFacts& facts,
                          const std::filesystem::path& audio);

// Whether the file is a sidecar of Lectern's, of any job, and describes that audio.
bool describes(const std::filesystem::path& sidecar, const std::filesystem::path& audio);

struct EarlierSidecar {
  std::filesystem::path sidecar, audio;  // audio: the name that belongs to it, whether it stands or not
  AudioFacts facts;
};
// The job's own sidecars under the names that `target` may have led to. Files of others, and unreadable ones, are
// passed over; throws Fault when the folder cannot be listed.
std::vector<EarlierSidecar> earlier_sidecars(const std::filesystem::path& target, const std::string& job_id);

}  // namespace lectern::publish
