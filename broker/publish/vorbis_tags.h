// How FLAC, Ogg Vorbis and Ogg Opus files carry their tags: as Vorbis comments, with chapters (CHAPTER001=...) and the
// cover as a picture block.
//
// libsndfile writes only a few kinds of comment. So it is given one long comment that only takes room, and what it wrote
// is replaced in place once the file is complete: the room is as long as before, nothing behind it moves.
#pragma once

#include <cstdint>
#include <string>

#include "broker/publish/staged_file.h"
#include "broker/publish/tags.h"

namespace lectern::publish {

// libsndfile loses the comments of an Opus file that hold more. What does not fit is left out: the cover first, then the
// last chapters.
inline constexpr std::size_t kMostOpusTags = 50'000;

// A comment that takes as much room as the tags will need, or as there may be.
std::string room_for_tags(const SoundTags& tags, std::size_t most);

// Replaces the comments of a complete file. Throws Fault.
void write_flac_tags(StagedFile& file, const SoundTags& tags);
void write_ogg_tags(StagedFile& file, const SoundTags& tags);

// The check sum of an Ogg page, whose own field for it is zero.
std::uint32_t ogg_checksum(const std::string& page);

}  // namespace lectern::publish
