// What is spoken when, to be shown while it is heard: SubRip, WebVTT, and JSON for programs that highlight as they read.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "broker/publish/publisher.h"
#include "broker/publish/timeline.h"

namespace lectern::publish {

// At most two lines of at most 42 characters, as subtitles are usually laid out.
inline constexpr std::size_t kLineCharacters = 42, kCueLines = 2;

struct Cue {
  double start_s = 0, end_s = 0;   // in the file
  std::vector<std::string> lines;  // UTF-8, never empty
  std::size_t segment = 0;         // place in PublishRequest::segments
};

// A text cut into cues, where it pauses when that can be: each is a list of lines.
std::vector<std::vector<std::string>> cue_texts(const std::string& text);

// The cues of some segments, [first, end), of a file that begins at frame `begin` of the work. A segment's time is shared
// out by characters; a cue shorter than a second stays into the pause behind it.
std::vector<Cue> cues_of(const PublishRequest& request, const Timeline& timeline, std::size_t first, std::size_t end,
                         std::int64_t begin);

struct SubtitleKind {
  std::string name, extension;  // "srt", ".srt"
  std::string (*write)(const std::vector<Cue>& cues, const PublishRequest& request, const std::string& audio);
};
const std::vector<SubtitleKind>& subtitle_kinds();
const SubtitleKind* find_subtitles(const std::string& name);  // nullptr: there is no such kind

}  // namespace lectern::publish
