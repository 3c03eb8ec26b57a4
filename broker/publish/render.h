// The second of the publisher's two passes over the takes: samples -> levels -> the files of a work.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "broker/publish/loudness.h"
#include "broker/publish/publisher.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/timeline.h"

namespace lectern::publish {

// One audio file of a work: all of it, or a chapter.
struct Part {
  std::size_t first = 0, end = 0;      // segments
  std::int64_t begin = 0, frames = 0;  // of the work
  std::string title;                   // of the work, or of the chapter
};

// The chapters of a work, without gaps; what stands before the first one is a chapter under the work's title. Empty when
// the script has none.
std::vector<Part> chapters_of(const PublishRequest& request, const Timeline& timeline);
// The files that it is to come in.
std::vector<Part> parts_of(const PublishRequest& request, const Timeline& timeline);

// What became of the samples.
struct Rendered {
  Levels levels;
  double gain = 1, limited_db = 0;  // the factor; how far the limiter went down at its most, 0 or more
  double peak = 0;                  // largest absolute sample that went into an encoder
  Loudness loudness;                // of the work as it went into the encoders
};

struct PartFiles {
  std::function<StagedFile&(std::size_t part)> open;  // called again when a part has to be encoded again
  std::function<void(std::size_t part)> encoded;      // the file is whole, not synced
};

// Faults as publish() does.
Rendered render(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts,
                const PartFiles& files, const std::atomic<bool>& stop,
                const std::function<void(const std::string& key)>& missing);

// A fact of the request as text: itself, or the name in it; empty when there is none.
std::string fact(const PublishRequest& request, const char* name);

}  // namespace lectern::publish
