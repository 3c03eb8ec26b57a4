#include "broker/publish/take_file.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "broker/publish/fault_point.h"
#include "broker/publish/sound_writer.h"
#include "broker/publish/staged_file.h"
#include "config/fault.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr float kSilence = 0.001f;     // -60 dBFS
constexpr int kMaxRate = 384'000;      // more is no sample rate of speech
constexpr double kCompression = 0.25;  // no linear prediction: 3 % more bytes for a fifth less work

void make_shelf(const fs::path& takes, const fs::path& shelf) {
  if (::access(shelf.c_str(), F_OK) == 0) return;
  if (::mkdir(shelf.c_str(), 0777) == 0) return sync_folder(takes);
  if (errno == EEXIST) return;
  if (errno != ENOENT) throw write_fault(shelf, errno);
  std::error_code error;
  fs::create_directories(shelf, error);
  if (error) throw write_fault(shelf, error.value());
  sync_folder(takes);
  if (takes.has_parent_path()) sync_folder(takes.parent_path());
}

Fault damaged(const fs::path& file, const std::string& why) {
  return {Exit::bad_input, "the take " + file.string() + " is damaged: " + why, "it has to be spoken again"};
}

}  // namespace

fs::path take_path(const fs::path& takes, const std::string& key) {
  const auto hexadecimal = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (key.size() != 64 || !std::all_of(key.begin(), key.end(), hexadecimal))
    throw Fault(Exit::internal, "'" + key + "' is not the key of a take: 64 hexadecimal digits are");
  return takes / key.substr(0, 2) / (key + ".flac");
}

std::string reject_take(std::span<const float> samples, int sample_rate_hz) {
  if (sample_rate_hz <= 0 || sample_rate_hz > kMaxRate) return "no sample rate: " + std::to_string(sample_rate_hz);
  if (samples.empty()) return "no samples";
  float peak = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i])) return "not a number at " + std::to_string(i);
    peak = std::max(peak, std::abs(samples[i]));
  }
  return peak > kSilence ? "" : "silent";
}

std::uint64_t write_take(const fs::path& takes, const std::string& key, std::span<const float> samples,
                         int sample_rate_hz) {
  const fs::path file = take_path(takes, key);
  if (const std::string reason = reject_take(samples, sample_rate_hz); !reason.empty())
    throw Fault(Exit::internal, "refused to store the take " + key + ": " + reason);
  make_shelf(takes, file.parent_path());
  StagedFile staged(file.parent_path() / ("." + key + ".part"), file);
  SoundSettings settings;
  settings.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_24;
  settings.sample_rate_hz = sample_rate_hz;
  settings.compression_level = kCompression;
  SoundWriter writer(staged, settings);  // limits to [-1, 1] as it goes to 24 bit
  writer.write(samples);
  writer.close();
  fault_point("take_written");
  const auto facts = read_facts(staged.path(), false);
  if (facts.frames != static_cast<std::int64_t>(samples.size()))
    throw Fault(Exit::internal, file.string() + " came out with " + std::to_string(facts.frames) + " samples, not " +
                                    std::to_string(samples.size()));
  const std::uint64_t bytes = staged.bytes();
  staged.sync();
  fault_point("take_synced");
  staged.place(file, true);
  fault_point("take_placed");
  sync_folder(file.parent_path());
  return bytes;
}

TakeAudio read_take(const fs::path& takes, const std::string& key) {
  const fs::path file = take_path(takes, key);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    throw Fault(Exit::not_found, "there is no take " + file.string(), "it has to be spoken again");
  if (fd < 0) {  // not the take's fault: speaking it again would not mend it
    const Fault fault = system_fault("cannot read the take " + file.string(), errno);
    throw Fault(fault.exit() == Exit::no_space ? fault.exit() : Exit::internal, fault.what(), fault.hint());
  }
  SF_INFO info{};
  SNDFILE* sound = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);
  if (!sound) throw damaged(file, sf_strerror(nullptr));  // libsndfile has closed fd
  TakeAudio take;
  take.sample_rate_hz = info.samplerate;
  std::string why;
  if ((info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_FLAC)
    why = "not FLAC";
  else if (info.channels != 1)
    why = std::to_string(info.channels) + " channels";
  else if (info.samplerate <= 0 || info.samplerate > kMaxRate)
    why = "sample rate " + std::to_string(info.samplerate);
  else if (info.frames <= 0 || info.frames > std::int64_t{3600} * info.samplerate)
    why = std::to_string(info.frames) + " samples";
  if (why.empty()) {
    take.samples.resize(static_cast<std::size_t>(info.frames));
    const auto got = sf_readf_float(sound, take.samples.data(), info.frames);
    if (sf_error(sound))
      why = sf_strerror(sound);
    else if (got != info.frames)
      why = "ends at sample " + std::to_string(got) + " of " + std::to_string(info.frames);
  }
  sf_close(sound);
  if (!why.empty()) throw damaged(file, why);
  return take;
}

}  // namespace lectern::publish
