// What a player shows of a file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lectern::publish {

struct Cover {
  std::string bytes, mime;  // a JPEG or PNG file, and which
};

// The most that an ID3 tag, which counts in 28 bits, holds with room to spare; no cover of a book is larger.
inline constexpr std::size_t kMostCoverBytes = 10'000'000;

inline constexpr std::size_t kMostOpusCoverBytes = 24'000;  // see vorbis_tags.h

// Reads a picture for files of that format. Throws Fault(bad_input) naming the file when it is missing, too large or
// neither JPEG nor PNG.
Cover read_cover(const std::filesystem::path& file, const std::string& format);
// The picture in these bytes; an empty one when they hold none that can be a cover.
Cover cover_in(std::string bytes);

struct ChapterMark {
  double start_s = 0, end_s = 0;  // in the file
  std::string title;
};

struct SoundTags {  // UTF-8; empty ones are not written
  std::string title, author, narrator, album, date, software, comment;
  unsigned track = 0, tracks = 0;     // 0: not written
  std::vector<ChapterMark> chapters;  // ascending, without gaps; empty: none
  std::shared_ptr<const Cover> cover;
};

// "3" or "3/12"; empty without a track.
std::string track_text(const SoundTags& tags);

}  // namespace lectern::publish
