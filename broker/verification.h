// Whether what a job published is still whole: its sidecar, its audio, its place in time, and all of its script. Reads
// every byte of the audio: for the pool. Changes nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "broker/model_shelf.h"
#include "broker/protocol/messages.h"
#include "broker/store/store.h"

namespace lectern {

// What the store knows of the job; none: a file of a job that was forgotten, or of another Lectern.
struct KnownJob {
  Job job;
  std::string script;
};

// `file`: the audio or its sidecar. Throws Fault(not_found) when neither is there.
protocol::Verified verify_output(const std::filesystem::path& file, const std::optional<KnownJob>& known,
                                 const std::filesystem::path& takes, ModelShelf& models);

}  // namespace lectern
