#include "broker/publish/id3_tag.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "broker/publish/output_name.h"

namespace lectern::publish {

namespace {

constexpr char kUtf8 = 3, kFrontCover = 3;
constexpr std::size_t kMostChapters = 255;  // an entry count is one byte
constexpr std::size_t kTitleBytes = 126;    // ffmpeg misreads the size of a longer title inside a chapter

// Four bytes of seven bits each, as ID3v2.4 counts everything.
std::string size_bytes(std::size_t size) {
  std::string bytes;
  for (int shift = 21; shift >= 0; shift -= 7) bytes += static_cast<char>(size >> shift & 0x7F);
  return bytes;
}

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string frame(const std::string& id, const std::string& content) {
  return id + size_bytes(content.size()) + std::string(2, '\0') + content;
}

std::string text_frame(const std::string& id, const std::string& before_text, const std::string& text) {
  return text.empty() ? "" : frame(id, kUtf8 + before_text + text);
}

std::string chapter_id(std::size_t index) { return "chapter" + std::to_string(index + 1) + std::string(1, '\0'); }

std::uint32_t milliseconds(double seconds) {
  return static_cast<std::uint32_t>(std::clamp(std::llround(seconds * 1000), 0ll, 0xFFFFFFFEll));
}

std::string chapter_frames(const std::vector<ChapterMark>& chapters) {
  std::string frames;
  const std::string no_offsets(8, '\xFF');  // in bytes: only times count
  for (std::size_t list = 0; list * kMostChapters < chapters.size(); ++list) {
    const std::size_t begin = list * kMostChapters, end = std::min(chapters.size(), begin + kMostChapters);
    const char kTopLevel = 2, kOrdered = 1;
    std::string table = "toc" + std::to_string(list) + std::string(1, '\0');
    table += static_cast<char>((list == 0 ? kTopLevel : 0) | kOrdered);
    table += static_cast<char>(end - begin);
    for (std::size_t i = begin; i < end; ++i) table += chapter_id(i);
    frames += frame("CTOC", table);
    for (std::size_t i = begin; i < end; ++i)
      frames += frame("CHAP", chapter_id(i) + number(milliseconds(chapters[i].start_s)) +
                                  number(milliseconds(chapters[i].end_s)) + no_offsets +
                                  text_frame("TIT2", "", cut_text(chapters[i].title, kTitleBytes)));
  }
  return frames;
}

std::string cover_frame(const Cover& cover) {
  const std::string end(1, '\0');
  return frame("APIC", kUtf8 + cover.mime + end + kFrontCover + end + cover.bytes);
}

}  // namespace

std::string id3_tag(const SoundTags& tags) {
  const std::string no_description("und\0", 4);  // the comment's language and an empty description
  const std::string narrator_of("NARRATOR\0", 9);
  std::string frames = text_frame("TIT2", "", tags.title) + text_frame("TPE1", "", tags.author) +
                       text_frame("TALB", "", tags.album) + text_frame("TCOM", "", tags.narrator) +
                       text_frame("TXXX", tags.narrator.empty() ? "" : narrator_of, tags.narrator) +
                       text_frame("TRCK", "", track_text(tags)) + text_frame("TDRC", "", tags.date) +
                       text_frame("TSSE", "", tags.software) + text_frame("COMM", no_description, tags.comment) +
                       chapter_frames(tags.chapters);
  if (tags.cover) frames += cover_frame(*tags.cover);
  if (frames.empty()) return {};
  return "ID3" + std::string("\x04\0\0", 3) + size_bytes(frames.size()) + frames;
}

}  // namespace lectern::publish
