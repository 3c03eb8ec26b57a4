#include "broker/publish/vorbis_tags.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

namespace lectern::publish {

namespace {

constexpr std::size_t kSlack = 200;  // the encoder's own name, counts, framing
constexpr std::size_t kPageHead = 27;
constexpr char kComments = 4, kPicture = 6, kPadding = 1;  // FLAC's kinds of block
constexpr unsigned char kLast = 0x80;

std::string little(std::size_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string big(std::size_t value, int bits) {
  std::string bytes;
  for (int shift = bits - 8; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::size_t read_little(std::string_view bytes) {
  std::size_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

std::string picture_block(const Cover& cover) {
  const std::string unknown(16, '\0');  // width, height, depth, colours: players look into the picture
  return big(3, 32) + big(cover.mime.size(), 32) + cover.mime + big(0, 32) + unknown + big(cover.bytes.size(), 32) +
         cover.bytes;
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve(bytes.size() / 3 * 4 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u; };
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : kLetters[group >> (18 - 6 * k) & 63];
  }
  return text;
}

std::vector<std::string> comments_of(const SoundTags& tags) {
  std::vector<std::string> comments;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) comments.push_back(key + "=" + value);
  };
  add("TITLE", tags.title);
  add("ARTIST", tags.author);
  add("PERFORMER", tags.narrator);
  add("ALBUM", tags.album);
  add("DATE", tags.date);
  if (tags.track > 0) add("TRACKNUMBER", std::to_string(tags.track));
  if (tags.tracks > 0) add("TRACKTOTAL", std::to_string(tags.tracks));
  add("COMMENT", tags.comment);
  add("SOFTWARE", tags.software);
  add("ENCODER", tags.software);  // as Opus calls it
  for (std::size_t i = 0; i < tags.chapters.size(); ++i) {
    const long long at = std::llround(tags.chapters[i].start_s * 1000);
    char key[32], time[48];
    std::snprintf(key, sizeof key, "CHAPTER%03zu", i + 1);
    std::snprintf(time, sizeof time, "%02lld:%02lld:%02lld.%03lld", at / 3600000, at / 60000 % 60, at / 1000 % 60,
                  at % 1000);
    add(key, time);
    add(std::string(key) + "NAME", tags.chapters[i].title);
  }
  return comments;
}

// Comments as both containers hold them: the encoder's name, then each with its length.
std::string comment_block(const std::string& vendor, const std::vector<std::string>& comments) {
  std::string block = little(vendor.size()) + vendor + little(comments.size());
  for (const std::string& comment : comments) block += little(comment.size()) + comment;
  return block;
}

std::vector<std::string> ogg_comments(const SoundTags& tags) {
  std::vector<std::string> comments = comments_of(tags);
  if (tags.cover) comments.push_back("METADATA_BLOCK_PICTURE=" + base64(picture_block(*tags.cover)));
  return comments;
}

[[noreturn]] void no_room(const StagedFile& file) {
  throw Fault(Exit::internal, "the encoder left no room for the tags of " + file.destination().string());
}

std::string read_at(StagedFile& file, std::int64_t at, std::size_t bytes) {
  std::string text(bytes, '\0');
  file.seek(at, SEEK_SET);
  if (file.read(text.data(), static_cast<std::int64_t>(bytes)) != static_cast<std::int64_t>(bytes)) {
    file.check();
    no_room(file);
  }
  return text;
}

void write_at(StagedFile& file, std::int64_t at, const std::string& text) {
  file.seek(at, SEEK_SET);
  file.write_all(text);
}

// One Ogg page and where it stands.
struct Page {
  std::int64_t at = 0;
  std::string bytes;
  std::string_view lacing() const {
    return std::string_view(bytes).substr(kPageHead, static_cast<unsigned char>(bytes[kPageHead - 1]));
  }
  std::size_t body() const { return kPageHead + lacing().size(); }
};

Page read_page(StagedFile& file, std::int64_t at) {
  Page page{at, read_at(file, at, kPageHead)};
  if (!page.bytes.starts_with("OggS")) no_room(file);
  page.bytes += read_at(file, at + static_cast<std::int64_t>(kPageHead), static_cast<unsigned char>(page.bytes[26]));
  std::size_t body = 0;
  for (const char length : page.lacing()) body += static_cast<unsigned char>(length);
  page.bytes += read_at(file, at + static_cast<std::int64_t>(page.bytes.size()), body);
  return page;
}

// The bytes of the packet that begins on this page; what follows on its last page is not part of it.
std::size_t packet_bytes(const Page& page, bool& ends) {
  std::size_t bytes = 0;
  for (const char length : page.lacing()) {
    bytes += static_cast<unsigned char>(length);
    if ((ends = static_cast<unsigned char>(length) < 255)) break;
  }
  return bytes;
}

void seal_page(Page& page) {
  page.bytes.replace(22, 4, 4, '\0');
  page.bytes.replace(22, 4, little(ogg_checksum(page.bytes)));
}

}  // namespace

std::string room_for_tags(const SoundTags& tags, std::size_t most) {
  std::size_t bytes = kSlack;
  for (const std::string& comment : ogg_comments(tags)) bytes += 4 + comment.size();
  return std::string(std::min(bytes, most), ' ');
}

std::uint32_t ogg_checksum(const std::string& page) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i << 24;
      for (int bit = 0; bit < 8; ++bit) value = value << 1 ^ (value >> 31 ? 0x04C11DB7u : 0u);
      entries[i] = value;
    }
    return entries;
  }();
  std::uint32_t sum = 0;
  for (const char byte : page) sum = sum << 8 ^ table[(sum >> 24 ^ static_cast<unsigned char>(byte)) & 0xFF];
  return sum;
}

void write_flac_tags(StagedFile& file, const SoundTags& tags) {
  std::int64_t at = 4;  // behind "fLaC"
  for (;;) {
    const std::string head = read_at(file, at, 4);
    const auto kind = static_cast<unsigned char>(head[0]);
    const std::size_t bytes = read_little(std::string{head[3], head[2], head[1], '\0'});
    if ((kind & ~kLast) != kComments) {
      if (kind & kLast) no_room(file);
      at += 4 + static_cast<std::int64_t>(bytes);
      continue;
    }
    const std::string vendor_size = read_at(file, at + 4, 4);
    const std::string vendor = read_at(file, at + 8, read_little(vendor_size));
    const auto block = [](char type, const std::string& content) { return type + big(content.size(), 24) + content; };
    std::string blocks = block(kComments, comment_block(vendor, comments_of(tags)));
    if (tags.cover) blocks += block(kPicture, picture_block(*tags.cover));
    if (blocks.size() + 4 > 4 + bytes) no_room(file);
    const std::size_t padding = bytes - blocks.size();
    write_at(file, at, blocks + block(static_cast<char>(kPadding | (kind & kLast)), std::string(padding, '\0')));
    return;
  }
}

void write_ogg_tags(StagedFile& file, const SoundTags& tags) {
  std::vector<Page> pages;
  std::size_t room = 0;
  std::int64_t at = static_cast<std::int64_t>(read_page(file, 0).bytes.size());
  for (bool ends = false; !ends;) {
    pages.push_back(read_page(file, at));
    at += static_cast<std::int64_t>(pages.back().bytes.size());
    room += packet_bytes(pages.back(), ends);
  }
  const std::string_view begin = std::string_view(pages[0].bytes).substr(pages[0].body());
  const bool opus = begin.starts_with("OpusTags");
  std::string packet(opus ? "OpusTags" : "\x03vorbis");
  const std::size_t vendor_bytes = read_little(begin.substr(packet.size()));
  if (vendor_bytes > begin.size() - packet.size() - 4) no_room(file);
  const std::string vendor(begin.substr(packet.size() + 4, vendor_bytes));
  std::vector<std::string> comments = ogg_comments(tags);
  const std::string framing(opus ? 0 : 1, '\x01');  // of Vorbis, which lets nothing follow: a comment fills the room
  const std::string fill = "PADDING=";
  const auto needed = [&] { return packet.size() + comment_block(vendor, comments).size() + framing.size(); };
  while (!comments.empty() && needed() + 4 + fill.size() > room) comments.pop_back();
  if (needed() + 4 + fill.size() > room) no_room(file);
  comments.push_back(fill + std::string(room - needed() - 4 - fill.size(), ' '));
  packet += comment_block(vendor, comments) + framing;
  std::size_t written = 0;
  for (Page& page : pages) {
    bool ends = false;
    const std::size_t bytes = packet_bytes(page, ends);
    page.bytes.replace(page.body(), bytes, packet, written, bytes);
    written += bytes;
    seal_page(page);
    write_at(file, page.at, page.bytes);
  }
}

}  // namespace lectern::publish
