// A work by chapters: a folder NAME/ with one file for each, their subtitles, and sidecar.json. All of it is written into
// a hidden folder beside the target and synced; one rename shows it. An earlier folder of Lectern's that is to be replaced
// changes places with the new one in that same step.
#pragma once

#include "broker/publish/publisher.h"

namespace lectern::publish {

// As publish(), which checks the request. `request.target` is the folder.
Published publish_chapters(const PublishRequest& request, const std::atomic<bool>& stop,
                           const std::function<void(const std::string& key)>& missing);

// Whether all files of a folder are as its sidecar says, and nothing else is in it.
bool is_whole_folder(const std::filesystem::path& folder);

}  // namespace lectern::publish
