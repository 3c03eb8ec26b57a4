// A work in one file: the sidecar, subtitles and the audio are staged beside the target, synced, and renamed in this order.
// What they replace changes places with them, and is put back when one of them cannot follow.
#pragma once

#include "broker/publish/publisher.h"

namespace lectern::publish {

// As publish(), which checks the request.
Published publish_file(const PublishRequest& request, const std::atomic<bool>& stop,
                       const std::function<void(const std::string& key)>& missing);

}  // namespace lectern::publish
