#include "broker/publish/timeline.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "broker/publish/loudness.h"
#include "broker/publish/take_file.h"
#include "broker/publish/trim.h"
#include "config/fault.h"

namespace lectern::publish {

namespace {

using Missing = std::function<void(const std::string& key)>;

double seconds_after(text::Break after, const PauseSettings& pauses) {
  switch (after) {
    case text::Break::clause:
      return pauses.clause;
    case text::Break::sentence:
      return pauses.sentence;
    case text::Break::paragraph:
      return pauses.paragraph;
    case text::Break::section:
      return pauses.section;
    case text::Break::chapter:
      return pauses.chapter;
    case text::Break::end:
      return pauses.end;
  }
  throw Fault(Exit::internal, "a segment ends in no known break");
}

// The take, or nothing when it has to be spoken again.
std::optional<TakeAudio> fetch(const PublishRequest& request, const std::string& key, std::string& why) {
  try {
    return read_take(request.takes, key);
  } catch (const Fault& fault) {
    if (fault.exit() != Exit::not_found && fault.exit() != Exit::bad_input) throw;
    why = fault.what();
    return std::nullopt;
  }
}

void check_rate(const PublishRequest& request, std::size_t index, int rate, Timeline& timeline) {
  if (timeline.sample_rate_hz == 0) timeline.sample_rate_hz = rate;
  if (timeline.sample_rate_hz == rate) return;
  throw Fault(Exit::internal, "the takes of job " + request.job_id + " have different sample rates: " +
                                  std::to_string(timeline.sample_rate_hz) + " Hz, but segment " +
                                  std::to_string(request.segments[index].index) + " " + std::to_string(rate) + " Hz");
}

Piece lay(const PublishedSegment& segment, const PauseSettings& pauses, TakeAudio& take, Timeline& timeline,
          std::optional<Meter>& meter) {
  const Speech speech = find_speech(take.samples, take.sample_rate_hz);
  const auto heard = std::span(take.samples).subspan(speech.begin, speech.frames);
  fade_edges(heard, take.sample_rate_hz);
  for (float sample : heard) timeline.peak = std::max(timeline.peak, std::abs(static_cast<double>(sample)));
  Piece piece;
  piece.skipped = speech.begin;
  piece.start = timeline.frames;
  piece.speech = static_cast<std::int64_t>(speech.frames);
  piece.pause = std::llround(segment.pause_s.value_or(seconds_after(segment.after, pauses)) * take.sample_rate_hz);
  timeline.frames += piece.speech + piece.pause;
  if (meter) meter->add(heard), meter->add_silence(piece.pause);
  return piece;
}

}  // namespace

void check_stop(const std::atomic<bool>& stop) {
  if (stop) throw Fault(Exit::internal, "stopped");
}

Timeline measure(const PublishRequest& request, const std::atomic<bool>& stop, const Missing& missing) {
  Timeline timeline;
  timeline.pieces.reserve(request.segments.size());
  std::set<std::string> lost;
  std::string first_why;
  std::optional<Meter> meter;
  const bool levelled = find_preset(request.delivery.loudness) != nullptr;
  for (std::size_t i = 0; i < request.segments.size(); ++i) {
    check_stop(stop);
    const PublishedSegment& segment = request.segments[i];
    if (lost.contains(segment.take_key)) continue;
    std::string why;
    std::optional<TakeAudio> take = fetch(request, segment.take_key, why);
    if (!take) {
      if (lost.empty()) first_why = why;
      lost.insert(segment.take_key);
      if (missing) missing(segment.take_key);
      continue;
    }
    check_rate(request, i, take->sample_rate_hz, timeline);
    if (levelled && !meter) meter.emplace(take->sample_rate_hz, Meter::Scope::loudness);
    if (timeline.pieces.empty()) {
      timeline.frames = timeline.leading = std::llround(request.leading_pause_s * take->sample_rate_hz);
      if (meter) meter->add_silence(timeline.leading);
    }
    timeline.pieces.push_back(lay(segment, request.pauses, *take, timeline, meter));
  }
  if (!lost.empty())
    throw Fault(Exit::not_found,
                std::to_string(lost.size()) + " takes of job " + request.job_id +
                    " are missing or damaged, the first: " + first_why,
                "they have to be spoken again");
  if (meter) timeline.spoken = meter->result();
  return timeline;
}

void replay(const PublishRequest& request, const Timeline& timeline, const std::atomic<bool>& stop,
            const Missing& missing, const std::function<void(std::size_t index, std::span<float> speech)>& hand_on) {
  for (std::size_t i = 0; i < request.segments.size(); ++i) {
    check_stop(stop);
    const Piece& piece = timeline.pieces[i];
    const std::string& key = request.segments[i].take_key;
    std::string why;
    std::optional<TakeAudio> take = fetch(request, key, why);
    if (!take || take->samples.size() < piece.skipped + static_cast<std::size_t>(piece.speech)) {
      if (missing) missing(key);
      throw Fault(Exit::not_found, "the take " + key + " was lost or changed while it was published: " + why,
                  "it has to be spoken again");
    }
    const auto speech = std::span(take->samples).subspan(piece.skipped, static_cast<std::size_t>(piece.speech));
    fade_edges(speech, timeline.sample_rate_hz);
    hand_on(i, speech);
  }
}

}  // namespace lectern::publish
