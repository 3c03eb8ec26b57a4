// Programs that read finished files back as players do.
#pragma once

#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace lectern {

// What a command printed; its errors too.
inline std::string said_by(const std::string& command) {
  std::string said;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return said;
  char text[4096];
  for (std::size_t got; (got = ::fread(text, 1, sizeof text, pipe)) > 0;) said.append(text, got);
  ::pclose(pipe);
  return said;
}

inline bool installed(const std::string& program) {
  return !said_by("command -v " + program).empty();
}

inline std::string quoted(const std::filesystem::path& file) { return "'" + file.string() + "'"; }

// All that ffprobe tells: {"format": {"duration", "tags"}, "chapters": [{"start_time", "tags"}], "streams": [...]}.
inline nlohmann::json probe(const std::filesystem::path& file) {
  const auto told = nlohmann::json::parse(
      said_by("ffprobe -v error -print_format json -show_format -show_chapters -show_streams " + quoted(file)), nullptr,
      false);
  EXPECT_TRUE(told.is_object()) << file;
  return told.is_object() ? told : nlohmann::json::object();
}

// A tag of the file or of its sound, whatever the case of its name; empty: it has none.
inline std::string tag_of(const nlohmann::json& probed, const std::string& name) {
  const auto lower = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  std::vector<nlohmann::json> places{probed.value("format", nlohmann::json::object())};
  const auto streams = probed.value("streams", nlohmann::json::array());
  places.insert(places.end(), streams.begin(), streams.end());
  for (const auto& place : places) {
    const auto tags = place.value("tags", nlohmann::json::object());
    for (const auto& [key, value] : tags.items())
      if (lower(key) == name) return value;
  }
  return {};
}

inline bool has_picture(const nlohmann::json& probed) {
  for (const auto& stream : probed["streams"])
    if (stream["codec_type"] == "video" && stream["disposition"]["attached_pic"] == 1) return true;
  return false;
}

#define NEEDS_PROGRAM(name) \
  if (!installed(name)) GTEST_SKIP() << "the program " << name << " is missing: config/install-packages.sh --tests"

// A picture of one white pixel.
inline std::string small_png() {
  return std::string(
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9c\x63\xf8\xff\xff\xff"
      "\x7f\0\x09\xfb\3\xfd\5\x43\x45\xca\0\0\0\0IEND\xae\x42\x60\x82",
      70);
}

// The same with that many bytes in a chunk that readers pass over.
inline std::string large_png(std::size_t bytes) {
  std::string chunk = "noIz";
  for (std::size_t i = 0; i < bytes; ++i) chunk += static_cast<char>(i * 2654435761u >> 13);
  std::uint32_t sum = ~0u;
  for (const char byte : chunk) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0u);
  }
  const auto big = [](std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFF);
    return text;
  };
  const std::string picture = small_png();
  constexpr std::size_t kEnd = 12;  // bytes of the last chunk
  return picture.substr(0, picture.size() - kEnd) + big(static_cast<std::uint32_t>(bytes)) + chunk + big(~sum) +
         picture.substr(picture.size() - kEnd);
}

}  // namespace lectern
