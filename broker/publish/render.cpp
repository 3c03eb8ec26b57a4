#include "broker/publish/render.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "broker/publish/fault_point.h"
#include "broker/publish/limiter.h"
#include "broker/publish/output_name.h"
#include "broker/publish/sound_format.h"

namespace lectern::publish {

namespace {

constexpr double kCeiling = 0.99;       // of samples whose loudness nobody chose
constexpr double kSafePeak = 0.5;       // below it no codec overshoots full scale
constexpr double kCodec_db = 1;         // that a codec may overshoot by, usually
constexpr int kEncodings = 5;           // tries to bring loudness and overshoot where they belong
constexpr std::size_t kTagBytes = 1000;
constexpr std::size_t kChunk = 8192;

std::string fact_in(const nlohmann::json& facts, const char* name) {
  const auto found = facts.is_object() ? facts.find(name) : facts.end();
  if (!facts.is_object() || found == facts.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_object() ? fact_in(*found, "name") : "";
}

std::string first_of(const std::string& said, const std::string& otherwise) {
  return cut_text(said.empty() ? otherwise : said, kTagBytes);
}

SoundTags tags_of(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts,
                  std::size_t number, const std::shared_ptr<const Cover>& cover) {
  const Delivery& delivery = request.delivery;
  const std::string title = fact(request, "title"), model = fact(request, "model"), voice = fact(request, "voice");
  SoundTags tags;
  tags.title = cut_text(parts[number].title, kTagBytes);
  tags.author = first_of(delivery.author, request.author);
  tags.narrator = first_of(delivery.narrator, voice);
  tags.album = first_of(delivery.album, title);
  tags.date = delivery.date;
  tags.software = std::string("Lectern ") + LECTERN_VERSION;
  if (!model.empty()) tags.comment = "model " + model;
  if (!voice.empty()) tags.comment += (model.empty() ? "voice " : ", voice ") + voice;
  tags.comment = cut_text(tags.comment, kTagBytes);
  tags.cover = cover;
  if (delivery.by_chapters()) {
    tags.track = static_cast<unsigned>(number + 1);
    tags.tracks = static_cast<unsigned>(parts.size());
    return tags;
  }
  if (!delivery.track.empty()) tags.track = static_cast<unsigned>(std::stoul(delivery.track));
  const double rate = timeline.sample_rate_hz;
  for (const Part& chapter : chapters_of(request, timeline))
    tags.chapters.push_back({static_cast<double>(chapter.begin) / rate,
                             static_cast<double>(chapter.begin + chapter.frames) / rate,
                             cut_text(chapter.title, kTagBytes)});
  return tags;
}

// One run over all takes into all files.
class Pass {
 public:
  Pass(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts, const PartFiles& files,
       const std::shared_ptr<const Cover>& cover, const std::atomic<bool>& stop, double gain, double ceiling_db)
      : request_(request),
        timeline_(timeline),
        parts_(parts),
        files_(files),
        cover_(cover),
        stop_(stop),
        gain_(static_cast<float>(gain)),
        meter_(timeline.sample_rate_hz, Meter::Scope::all) {
    if (ceiling_db > kSilence_db)
      limiter_.emplace(timeline.sample_rate_hz, from_db(ceiling_db), [this](auto samples) { put_out(samples); });
  }

  void run(const std::function<void(const std::string& key)>& missing) {
    take_in_silence(timeline_.leading);
    replay(request_, timeline_, stop_, missing, [&](std::size_t index, std::span<float> speech) {
      if (index == timeline_.pieces.size() / 2) fault_point("audio_half_encoded");
      if (gain_ != 1)
        for (float& sample : speech) sample *= gain_;
      take_in(speech);
      take_in_silence(timeline_.pieces[index].pause);
    });
    if (limiter_) limiter_->finish();
  }

  Loudness loudness() { return meter_.result(); }
  double peak() const { return peak_; }
  double decoded_peak() const { return decoded_peak_; }  // of a lossy format; 0: not looked at
  double limited_db() const { return limiter_ ? std::max(0.0, -to_db(limiter_->least_gain())) : 0; }

 private:
  void take_in(std::span<const float> samples) { limiter_ ? limiter_->write(samples) : put_out(samples); }

  void take_in_silence(std::int64_t frames) {
    static const std::vector<float> zeros(kChunk, 0.f);
    for (; frames > 0; frames -= static_cast<std::int64_t>(kChunk)) {
      check_stop(stop_);
      take_in(std::span(zeros).first(std::min(kChunk, static_cast<std::size_t>(frames))));
    }
  }

  void put_out(std::span<const float> samples) {
    meter_.add(samples);
    for (const float sample : samples) peak_ = std::max(peak_, std::abs(static_cast<double>(sample)));
    while (!samples.empty()) {
      if (!encoder_) open();
      const auto here = samples.first(std::min(samples.size(), static_cast<std::size_t>(parts_[part_].frames - done_)));
      encoder_->write(here);
      done_ += static_cast<std::int64_t>(here.size());
      samples = samples.subspan(here.size());
      if (done_ == parts_[part_].frames) close();
    }
  }

  void open() {
    file_ = &files_.open(part_);
    settings_ = sound_settings(request_.format, timeline_.sample_rate_hz, parts_[part_].frames);
    settings_.tags = tags_of(request_, timeline_, parts_, part_, cover_);
    encoder_ = start_encoder(*file_, settings_, stop_);
    done_ = 0;
  }

  void close() {
    encoder_->close();
    encoder_.reset();
    const bool lossy = is_lossy(request_.format);
    const SoundFacts read = read_back(file_->path(), settings_, lossy && peak_ > kSafePeak, stop_);
    const std::int64_t more = read.frames - parts_[part_].frames, allowed = settings_.format == 0 ? kCodecFrames : 0;
    if (more < 0 || more > allowed || read.channels != 1 || read.sample_rate_hz != timeline_.sample_rate_hz)
      throw Fault(Exit::internal, file_->destination().string() + " came out with " + std::to_string(read.frames) +
                                      " samples, not " + std::to_string(parts_[part_].frames));
    decoded_peak_ = std::max(decoded_peak_, read.peak);
    files_.encoded(part_++);
  }

  const PublishRequest& request_;
  const Timeline& timeline_;
  const std::vector<Part>& parts_;
  const PartFiles& files_;
  const std::shared_ptr<const Cover>& cover_;
  const std::atomic<bool>& stop_;
  const float gain_;
  Meter meter_;
  std::optional<Limiter> limiter_;
  double peak_ = 0, decoded_peak_ = 0;
  SoundSettings settings_;
  std::unique_ptr<Encoder> encoder_;
  StagedFile* file_ = nullptr;
  std::size_t part_ = 0;
  std::int64_t done_ = 0;  // frames of the part
};

}  // namespace

std::string fact(const PublishRequest& request, const char* name) { return fact_in(request.facts, name); }

std::vector<Part> chapters_of(const PublishRequest& request, const Timeline& timeline) {
  std::vector<Part> parts;
  const auto begin = [&](std::size_t segment, const std::string& title) {
    if (segment >= timeline.pieces.size() || (!parts.empty() && segment <= parts.back().first)) return;
    const std::int64_t start = parts.empty() ? 0 : timeline.pieces[segment].start;  // what is silent at first is in it
    parts.push_back({segment, timeline.pieces.size(), start, 0, title});
  };
  if (!request.chapters.empty() && request.chapters.front().segment > 0) begin(0, fact(request, "title"));
  for (const text::Chapter& chapter : request.chapters) begin(chapter.segment, chapter.title);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (!last) parts[i].end = parts[i + 1].first;
    parts[i].frames = (last ? timeline.frames : parts[i + 1].begin) - parts[i].begin;
  }
  return parts;
}

std::vector<Part> parts_of(const PublishRequest& request, const Timeline& timeline) {
  std::vector<Part> parts;
  if (request.delivery.by_chapters()) parts = chapters_of(request, timeline);
  if (parts.empty()) parts = {{0, timeline.pieces.size(), 0, timeline.frames, fact(request, "title")}};
  return parts;
}

Rendered render(const PublishRequest& request, const Timeline& timeline, const std::vector<Part>& parts,
                const PartFiles& files, const std::atomic<bool>& stop,
                const std::function<void(const std::string& key)>& missing) {
  std::shared_ptr<const Cover> cover = request.cover;
  if (!request.delivery.cover.empty()) cover = std::make_shared<const Cover>(read_cover(request.delivery.cover, request.format));
  const LoudnessPreset* preset = find_preset(request.delivery.loudness);
  Rendered result;
  if (preset) {
    result.levels = choose_levels(*preset, timeline.spoken);
    if (is_lossy(request.format)) result.levels.ceiling_db -= kCodec_db;
  } else if (timeline.peak > kCeiling) {
    result.levels.gain_db = to_db(kCeiling / timeline.peak);
  }
  const double most = preset ? from_db(preset->true_peak_db) : 1;
  for (int attempt = 1;; ++attempt) {
    result.gain = result.levels.gain_db == 0 ? 1 : from_db(result.levels.gain_db);
    Pass pass(request, timeline, parts, files, cover, stop, result.gain, result.levels.ceiling_db);
    pass.run(missing);
    result.limited_db = pass.limited_db();
    result.peak = pass.peak();
    result.loudness = pass.loudness();
    bool again = preset && correct_levels(*preset, result.loudness, result.levels);
    if (const double over = pass.decoded_peak() / most; over > 1) {
      (preset ? result.levels.ceiling_db : result.levels.gain_db) -= to_db(over / kCeiling);
      again = true;
    }
    if (!again) return result;
    if (attempt == kEncodings) {
      if (pass.decoded_peak() <= 1) return result;  // whole, and the sidecar says what it misses
      throw Fault(Exit::internal, "could not encode " + request.target.string() + " without clipping");
    }
  }
}

}  // namespace lectern::publish
