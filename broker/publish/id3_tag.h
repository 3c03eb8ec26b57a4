// How an MP3 carries its tags.
#pragma once

#include <string>

#include "broker/publish/tags.h"

namespace lectern::publish {

// An ID3v2.4 tag in UTF-8 with chapters (CTOC, CHAP) and cover (APIC), to stand in front of the MPEG stream; empty when
// there is nothing to tell.
std::string id3_tag(const SoundTags& tags);

}  // namespace lectern::publish
