#include "broker/publish/publisher.h"

#include "broker/publish/chapter_folder.h"
#include "broker/publish/loudness.h"
#include "broker/publish/one_file.h"
#include "broker/publish/output_name.h"
#include "broker/publish/sound_format.h"
#include "broker/publish/subtitles.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr double kLongestPause = 3600;  // seconds

void check_request(const PublishRequest& request) {
  const std::string name = request.target.filename().string();
  if (name.empty() || name == "." || name == "..")
    throw Fault(Exit::bad_input, "'" + request.target.string() + "' names no output file", "name a file");
  if (name.size() > kNameBytes)
    throw Fault(Exit::bad_input,
                "the name of the output file is longer than " + std::to_string(kNameBytes) +
                    " bytes: " + request.target.string(),
                "choose a shorter name");
  bool taken = sidecar_name(request.target) == request.target;
  for (const SubtitleKind& kind : subtitle_kinds())
    taken = taken || (request.delivery.wants(kind.name) && name_beside(request.target, kind.extension) == request.target);
  if (taken && !request.delivery.by_chapters())
    throw Fault(Exit::bad_input, request.target.string() + " is the name of what stands beside the audio, not of audio",
                "let the name end in that of the format");
  if (request.job_id.empty()) throw Fault(Exit::internal, "a job without an id cannot be published");
  if (request.segments.empty()) throw Fault(Exit::bad_input, "job " + request.job_id + " has nothing that is spoken");
  const PauseSettings& pauses = request.pauses;
  for (double pause : {pauses.sentence, pauses.paragraph, pauses.section, pauses.chapter, pauses.end})
    if (!(pause >= 0 && pause <= kLongestPause))
      throw Fault(Exit::bad_input, "a pause of " + std::to_string(pause) + " seconds", "use 0 to 3600 seconds");
}

}  // namespace

Published publish(const PublishRequest& request, const std::atomic<bool>& stop,
                  const std::function<void(const std::string& key)>& missing) {
  check_request(request);
  find_preset(request.delivery.loudness);
  require_format(request.format);
  if (request.delivery.by_chapters()) return publish_chapters(request, stop, missing);
  return publish_file(request, stop, missing);
}

}  // namespace lectern::publish
