#include "broker/publish/id3_tag.h"

#include <cstddef>

namespace lectern::publish {

namespace {

constexpr char kUtf8 = 3;

// Four bytes of seven bits each, as ID3v2.4 counts everything.
std::string size_bytes(std::size_t size) {
  std::string bytes;
  for (int shift = 21; shift >= 0; shift -= 7) bytes += static_cast<char>(size >> shift & 0x7F);
  return bytes;
}

std::string frame(const std::string& id, const std::string& before_text, const std::string& text) {
  if (text.empty()) return {};
  const std::string content = kUtf8 + before_text + text;
  return id + size_bytes(content.size()) + std::string(2, '\0') + content;
}

}  // namespace

std::string id3_tag(const SoundTags& tags) {
  const std::string no_description("und\0", 4);  // the comment's language and an empty description
  const std::string frames =
      frame("TIT2", "", tags.title) + frame("TSSE", "", tags.software) + frame("COMM", no_description, tags.comment);
  if (frames.empty()) return {};
  return "ID3" + std::string("\x04\0\0", 3) + size_bytes(frames.size()) + frames;
}

}  // namespace lectern::publish
