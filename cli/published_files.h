// The audio and sidecars that Lectern published, as far as it can be proved that nobody changed them since: the
// sidecar's seal holds, it is of a job that the broker knows as done, and the audio has the size and SHA-256 that it
// names.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "broker/protocol/messages.h"

namespace lectern::cli {

struct PublishedFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  struct stat seen {};  // while it was looked at
};

struct KeptFile {
  std::filesystem::path path;
  std::string reason;
};

struct PublishedFiles {
  // What goes together: audio and subtitles before their sidecar, so that what is left after a crash can still be
  // proved, and a folder of chapters last; what is gone by now is left out.
  std::vector<std::vector<PublishedFile>> unchanged;
  std::vector<KeptFile> kept;  // stands, but nothing proves that it is as published
};

// Reads every file. Files that are gone are passed over.
PublishedFiles find_published(const std::vector<protocol::OutputFiles>& outputs);

// Removes one group; the bytes that are free now. A file that changed since it was looked at stays, with all after it.
std::uint64_t remove_published(const std::vector<PublishedFile>& group, std::vector<KeptFile>& kept);

}  // namespace lectern::cli
