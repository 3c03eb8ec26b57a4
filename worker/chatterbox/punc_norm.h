// The reference's tidying of a text before it is spoken (punc_norm in tts_turbo.py).
#pragma once

#include <string>
#include <string_view>

namespace lectern::chatterbox {

// UTF-8 in and out. An empty text becomes the reference's own sentence.
std::string punc_norm(std::string_view text);

}  // namespace lectern::chatterbox
