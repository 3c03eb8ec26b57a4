#include "broker/publish/ffmpeg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "broker/publish/ffmpeg_run.h"
#include "config/fault.h"
#include "config/paths.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr const char* kBitRate = "64k";  // more than enough for one voice

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '=' || c == ';' || c == '#' || c == '\\' || c == '\n') out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string> encoder_words(const StagedFile& file, int sample_rate_hz, const SoundTags& tags) {
  std::vector<std::string> words{"-protocol_whitelist", "file,pipe,fd", "-f", "f32le", "-ar", std::to_string(sample_rate_hz),
                                 "-ac", "1", "-i", "pipe:0", "-f", "ffmetadata", "-i", "/dev/fd/3"};
  if (tags.cover)
    words.insert(words.end(), {"-f", tags.cover->mime == "image/png" ? "png_pipe" : "jpeg_pipe", "-i", "/dev/fd/4"});
  words.insert(words.end(), {"-map", "0:a", "-c:a", "aac", "-b:a", kBitRate});
  if (tags.cover) words.insert(words.end(), {"-map", "2:v", "-c:v", "copy", "-disposition:v:0", "attached_pic"});
  words.insert(words.end(), {"-map_metadata", "1", "-map_chapters", "1", "-f", "ipod",
                             "file:" + fs::absolute(file.path()).string()});
  return words;
}

}  // namespace

fs::path find_ffmpeg() {
  if (const fs::path program = find_program("ffmpeg"); !program.empty()) return program;
  throw Fault(Exit::bad_input, "m4b needs the program ffmpeg, which is not installed",
              "apt-get install ffmpeg, or choose another format: mp3 and opus hold chapters and a cover too");
}

std::string ffmpeg_metadata(const SoundTags& tags) {
  std::string text = ";FFMETADATA1\nmedia_type=2\n";  // an audiobook
  const std::pair<const char*, std::string> texts[] = {
      {"title", tags.title},   {"artist", tags.author}, {"album", tags.album},     {"composer", tags.narrator},
      {"track", track_text(tags)}, {"date", tags.date}, {"comment", tags.comment}, {"encoding_tool", tags.software}};
  for (const auto& [key, value] : texts)
    if (!value.empty()) text += std::string(key) + "=" + escaped(value) + "\n";
  for (const ChapterMark& chapter : tags.chapters)
    text += "[CHAPTER]\nTIMEBASE=1/1000\nSTART=" + std::to_string(std::llround(chapter.start_s * 1000)) +
            "\nEND=" + std::to_string(std::llround(chapter.end_s * 1000)) + "\ntitle=" + escaped(chapter.title) + "\n";
  return text;
}

FfmpegWriter::FfmpegWriter(StagedFile& file, int sample_rate_hz, const SoundTags& tags, const std::atomic<bool>& stop)
    : file_(file) {
  file_.empty();
  std::vector<std::string> files{ffmpeg_metadata(tags)};
  if (tags.cover) files.push_back(tags.cover->bytes);
  run_ = std::make_unique<FfmpegRun>(encoder_words(file, sample_rate_hz, tags), files, file.path(),
                                     "encode " + file.destination().string(), stop);
}

FfmpegWriter::~FfmpegWriter() = default;

void FfmpegWriter::write(std::span<const float> samples) {
  run_->send({reinterpret_cast<const char*>(samples.data()), samples.size_bytes()});
}

void FfmpegWriter::close() {
  run_->end_of_input();
  run_->wait();
  run_.reset();
  file_.check();
}

SoundFacts decode_with_ffmpeg(const fs::path& file, int sample_rate_hz, const std::atomic<bool>& stop) {
  FfmpegRun run({"-protocol_whitelist", "file,pipe", "-i", "file:" + fs::absolute(file).string(), "-map", "0:a", "-f",
                 "f32le", "-ar", std::to_string(sample_rate_hz), "pipe:1"},
                {}, {}, "read back " + file.string(), stop);
  run.end_of_input();
  SoundFacts facts{0, sample_rate_hz, 1};
  std::vector<float> buffer(1 << 14);
  const std::span<char> bytes(reinterpret_cast<char*>(buffer.data()), buffer.size() * sizeof(float));
  for (std::size_t held = 0;;) {
    const std::size_t got = run.receive(bytes.subspan(held));
    if (got == 0) break;
    held += got;
    const std::size_t whole = held / sizeof(float);
    for (std::size_t i = 0; i < whole; ++i)
      facts.peak = std::max(facts.peak, std::abs(static_cast<double>(buffer[i])));
    facts.frames += static_cast<std::int64_t>(whole);
    const std::size_t rest = held % sizeof(float);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(whole * sizeof(float)), rest, bytes.begin());
    held = rest;
  }
  run.wait();
  return facts;
}

}  // namespace lectern::publish
