// What a player shows of a file, and how an MP3 carries it.
#pragma once

#include <string>

namespace lectern::publish {

struct SoundTags {
  std::string title, software, comment;  // UTF-8; empty ones are not written
};

// An ID3v2.4 tag in UTF-8, to stand in front of the MPEG stream; empty when there is nothing to tell.
std::string id3_tag(const SoundTags& tags);

}  // namespace lectern::publish
