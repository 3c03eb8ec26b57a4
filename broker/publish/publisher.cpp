#include "broker/publish/publisher.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "broker/publish/fault_point.h"
#include "broker/publish/output_name.h"
#include "broker/publish/sidecar.h"
#include "broker/publish/sound_format.h"
#include "broker/publish/sound_writer.h"
#include "broker/publish/staged_file.h"
#include "broker/publish/timeline.h"
#include "config/sha256.h"

namespace lectern::publish {

namespace fs = std::filesystem;

namespace {

constexpr double kCeiling = 0.99;       // of the samples that go into the encoder
constexpr double kSafePeak = 0.5;       // below it no codec overshoots full scale
constexpr double kLongestPause = 3600;  // seconds
constexpr int kEncodings = 5;           // tries to keep a codec's overshoot below full scale
constexpr int kNames = 100;             // tries for a free name, when others take each one that we chose

void check_request(const PublishRequest& request) {
  const std::string name = request.target.filename().string();
  if (name.empty() || name == "." || name == "..")
    throw Fault(Exit::bad_input, "'" + request.target.string() + "' names no output file", "name a file");
  if (name.size() > kNameBytes)
    throw Fault(Exit::bad_input,
                "the name of the output file is longer than " + std::to_string(kNameBytes) +
                    " bytes: " + request.target.string(),
                "choose a shorter name");
  if (sidecar_name(request.target) == request.target)
    throw Fault(Exit::bad_input, request.target.string() + " is the name of the job's sidecar, not of audio",
                "let the name end in that of the format");
  if (request.job_id.empty()) throw Fault(Exit::internal, "a job without an id cannot be published");
  if (request.segments.empty()) throw Fault(Exit::bad_input, "job " + request.job_id + " has nothing that is spoken");
  const PauseSettings& pauses = request.pauses;
  for (double pause : {pauses.sentence, pauses.paragraph, pauses.section, pauses.chapter, pauses.end})
    if (!(pause >= 0 && pause <= kLongestPause))
      throw Fault(Exit::bad_input, "a pause of " + std::to_string(pause) + " seconds", "use 0 to 3600 seconds");
}

// A fact as text: itself, or the name in it.
std::string fact(const nlohmann::json& facts, const char* name) {
  const auto found = facts.is_object() ? facts.find(name) : facts.end();
  if (!facts.is_object() || found == facts.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_object() ? fact(*found, "name") : "";
}

SoundTags tags_of(const nlohmann::json& facts) {
  SoundTags tags;
  tags.title = cut_text(fact(facts, "title"), 1000);
  tags.software = std::string("Lectern ") + LECTERN_VERSION;
  const std::string model = fact(facts, "model"), voice = fact(facts, "voice");
  if (!model.empty()) tags.comment = "model " + model;
  if (!voice.empty()) tags.comment += (model.empty() ? "voice " : ", voice ") + voice;
  tags.comment = cut_text(tags.comment, 1000);
  return tags;
}

// Where the finished file goes.
struct Place {
  fs::path audio;
  bool replace = false;
  std::optional<Former> former;  // of an earlier edition, which it takes the place of
};

// One call of publish(). What it stages is removed with it, and so is a sidecar whose audio did not follow; the sidecar
// of an earlier edition is then put back.
class Publication {
 public:
  Publication(const PublishRequest& request, const std::atomic<bool>& stop,
              const std::function<void(const std::string& key)>& missing)
      : request_(request),
        stop_(stop),
        missing_(missing),
        folder_(request.target.parent_path()),
        staged_audio_(staged_audio_name(folder_.path(), request.job_id)),
        staged_sidecar_(staged_sidecar_name(folder_.path(), request.job_id)) {}

  ~Publication() {
    if (!placed_sidecar_.empty() && !former_sidecar_.empty()) put_back_sidecar();
    for (const fs::path& file : {placed_sidecar_, placed_audio_, staged_audio_, staged_sidecar_})
      if (!file.empty()) ::unlink(file.c_str());
  }

  Published run() {
    fault_point("folder_ready");
    check_stop(stop_);
    if (const auto earlier = finish_earlier()) return *earlier;
    fault_point("nothing_earlier");
    const Timeline timeline = measure(request_, stop_, missing_);
    fault_point("measured");
    StagedFile audio(staged_audio_, request_.target);
    fault_point("audio_created");
    AudioFacts facts = encode(timeline, audio);
    fault_point("audio_encoded");
    audio.sync();
    fault_point("audio_synced");
    facts.bytes = audio.bytes();
    facts.sha256 = sha256_file(staged_audio_);
    fault_point("audio_hashed");
    check_stop(stop_);
    return place(timeline, audio, facts);
  }

 private:
  std::optional<Published> finish_earlier();
  AudioFacts encode(const Timeline& timeline, StagedFile& audio);
  void encode_once(const Timeline& timeline, const SoundSettings& settings, double gain, StagedFile& audio);
  Published place(const Timeline& timeline, StagedFile& audio, AudioFacts facts);
  Place choose_place() const;
  void put_back_sidecar();
  Published done(const fs::path& audio, const fs::path& sidecar, const AudioFacts& facts);

  const PublishRequest& request_;
  const std::atomic<bool>& stop_;
  const std::function<void(const std::string& key)>& missing_;
  OutputFolder folder_;
  const fs::path staged_audio_, staged_sidecar_;
  fs::path placed_sidecar_, placed_audio_;  // visible, but not yet for good
  std::string former_sidecar_;              // what stood in the place of placed_sidecar_; empty: nothing of ours
};

// A sidecar of this job and edition tells that an earlier call got as far as showing it. Its hash tells which audio
// belongs to it: the one in place (then all is done), or the one still staged (then only the rename is missing).
std::optional<Published> Publication::finish_earlier() {
  for (const EarlierSidecar& earlier : earlier_sidecars(request_.target, request_.job_id)) {
    if (earlier.edition != request_.edition) continue;
    std::error_code error;
    const bool there = stands(earlier.audio);
    const std::string standing = fs::is_regular_file(earlier.audio, error) ? sha256_file(earlier.audio) : "";
    if (there && standing == earlier.facts.sha256) return done(earlier.audio, earlier.sidecar, earlier.facts);
    const bool former = there && !standing.empty() && standing == earlier.facts.replaces;
    if (stands(staged_audio_) && sha256_file(staged_audio_) == earlier.facts.sha256) {
      if (!former) placed_sidecar_ = earlier.sidecar;  // ours: gone with us if the audio cannot follow
      const bool replace = former || (request_.overwrite && earlier.audio == request_.target);
      if (put_in_place(staged_audio_, earlier.audio, replace)) {
        if (!former) placed_audio_ = earlier.audio;
        return done(earlier.audio, earlier.sidecar, earlier.facts);
      }
    }
    // Without its audio it describes nothing. Beside an audio that has changed since, it is no longer ours to remove.
    if (!there || !placed_sidecar_.empty()) ::unlink(earlier.sidecar.c_str());
    placed_sidecar_.clear();
  }
  return std::nullopt;
}

AudioFacts Publication::encode(const Timeline& timeline, StagedFile& audio) {
  SoundSettings settings = sound_settings(request_.format, timeline.sample_rate_hz, timeline.frames);
  settings.tags = tags_of(request_.facts);
  double gain = timeline.peak > kCeiling ? kCeiling / timeline.peak : 1;
  for (int attempt = 0; attempt < kEncodings; ++attempt) {
    encode_once(timeline, settings, gain, audio);
    const bool may_overshoot = is_lossy(request_.format) && timeline.peak * gain > kSafePeak;
    const SoundFacts read = read_facts(staged_audio_, may_overshoot);
    if (read.frames != timeline.frames || read.channels != 1 || read.sample_rate_hz != timeline.sample_rate_hz)
      throw Fault(Exit::internal, request_.target.string() + " came out with " + std::to_string(read.frames) +
                                      " samples, not " + std::to_string(timeline.frames));
    if (read.peak <= 1) {
      AudioFacts facts;
      facts.format = request_.format;
      facts.sample_rate_hz = timeline.sample_rate_hz;
      facts.seconds = static_cast<double>(timeline.frames) / timeline.sample_rate_hz;
      facts.gain = gain;
      facts.peak = timeline.peak * gain;
      return facts;
    }
    gain *= kCeiling / read.peak;
  }
  throw Fault(Exit::internal, "could not encode " + request_.target.string() + " without clipping");
}

void Publication::encode_once(const Timeline& timeline, const SoundSettings& settings, double gain, StagedFile& audio) {
  SoundWriter writer(audio, settings);
  const auto factor = static_cast<float>(gain);
  replay(request_, timeline, stop_, missing_, [&](std::size_t index, std::span<float> speech) {
    if (index == timeline.pieces.size() / 2) fault_point("audio_half_encoded");
    if (gain != 1)
      for (float& sample : speech) sample *= factor;
    writer.write(speech);
    writer.write_silence(timeline.pieces[index].pause);
  });
  writer.close();
}

Place Publication::choose_place() const {
  if (request_.edition > 0)
    if (auto former = find_former(request_.target, request_.job_id))
      return {request_.target, true, std::move(former)};
  const fs::path sidecar = sidecar_name(request_.target);
  std::error_code error;
  // "Overwrite" is said of the audio: a STEM.json that is not its sidecar is somebody's own and stays.
  const bool replaceable = request_.overwrite && !fs::is_directory(request_.target, error) &&
                           (!stands(sidecar) || describes(sidecar, request_.target));
  const fs::path name = replaceable ? request_.target : free_name(request_.target);
  return {name, request_.overwrite && name == request_.target, std::nullopt};
}

void Publication::put_back_sidecar() {
  try {
    StagedFile staged(staged_sidecar_, placed_sidecar_);
    staged.write_all(former_sidecar_);
    staged.sync();
    staged.place(placed_sidecar_, true);
    placed_sidecar_.clear();
  } catch (const Fault&) {  // the next try knows it by the audio that it replaces
    placed_sidecar_.clear();
  }
}

Published Publication::place(const Timeline& timeline, StagedFile& audio, AudioFacts facts) {
  for (int attempt = 0; attempt < kNames; ++attempt) {
    const auto [name, replace, former] = choose_place();
    const fs::path sidecar = sidecar_name(name);
    facts.replaces = former ? former->sha256 : "";
    fault_point("name_chosen");
    StagedFile staged(staged_sidecar_, sidecar);
    staged.write_all(write_sidecar(request_, timeline, facts, name));
    fault_point("sidecar_written");
    staged.sync();
    fault_point("sidecar_synced");
    if (!staged.place(sidecar, replace)) continue;
    placed_sidecar_ = sidecar;
    former_sidecar_ = former ? former->sidecar : "";
    fault_point("sidecar_placed");
    sync_folder(folder_.path());  // no power loss may show the audio without its sidecar
    fault_point("sidecar_folder_synced");
    if (audio.place(name, replace)) {
      if (former)
        placed_sidecar_.clear();  // for good: what stood there is gone
      else
        placed_audio_ = name;
      fault_point("audio_placed");
      return done(name, sidecar, facts);
    }
    ::unlink(sidecar.c_str());
    placed_sidecar_.clear();
    fault_point("sidecar_withdrawn");
  }
  throw Fault(Exit::internal, "every name tried for " + request_.target.string() + " was taken by another program");
}

Published Publication::done(const fs::path& audio, const fs::path& sidecar, const AudioFacts& facts) {
  sync_folder(folder_.path());
  fault_point("folder_synced");
  placed_sidecar_.clear();
  placed_audio_.clear();
  folder_.keep();
  return {audio, sidecar, facts.seconds, facts.bytes, facts.peak};
}

}  // namespace

Published publish(const PublishRequest& request, const std::atomic<bool>& stop,
                  const std::function<void(const std::string& key)>& missing) {
  check_request(request);
  if (!find_format(request.format)) sound_settings(request.format, 0, 0);  // throws, naming the formats
  return Publication(request, stop, missing).run();
}

}  // namespace lectern::publish
